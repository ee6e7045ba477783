// Command provider is an external data provider of Gatekeeper's as one writes it in Go: net/http, crypto/tls and encoding/json, with answers from memory and
// a log line for each. It does nothing that a provider could leave out, so it is what another one is measured against.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const maxBody = 1 << 20

type request struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Request    struct {
		Keys []string `json:"keys"`
	} `json:"request"`
}

type item struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

type response struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Response   struct {
		Idempotent  bool   `json:"idempotent,omitempty"`
		Items       []item `json:"items,omitempty"`
		SystemError string `json:"systemError,omitempty"`
	} `json:"response"`
}

// kept holds the values by key, which are told it once.
type kept struct {
	lock   sync.RWMutex
	values map[string]json.RawMessage
}

func (k *kept) keep(answer http.ResponseWriter, asked *http.Request) {
	var told response
	if err := json.NewDecoder(io.LimitReader(asked.Body, maxBody)).Decode(&told); err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	k.lock.Lock()
	defer k.lock.Unlock()
	for _, item := range told.Response.Items {
		k.values[item.Key] = item.Value
	}
	write(answer, &told)
}

func (k *kept) verify(answer http.ResponseWriter, asked *http.Request) {
	start := time.Now()
	var wanted request
	if err := json.NewDecoder(io.LimitReader(asked.Body, maxBody)).Decode(&wanted); err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	told := response{APIVersion: wanted.APIVersion, Kind: "ProviderResponse"}
	for _, key := range wanted.Request.Keys {
		k.lock.RLock()
		value, known := k.values[key]
		k.lock.RUnlock()
		if !known {
			told.Response.Items = append(told.Response.Items, item{Key: key, Error: "not known"})
			continue
		}
		told.Response.Items = append(told.Response.Items, item{Key: key, Value: value})
		slog.Info("decided", "endpoint", "verify", "image", key, "verdict", "verified", "code", "VERIFIED",
			"duration_ms", time.Since(start).Milliseconds(), "cache", "hit")
	}
	write(answer, &told)
}

func write(answer http.ResponseWriter, told *response) {
	body, err := json.Marshal(told)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	answer.Header().Set("Content-Type", "application/json")
	answer.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = answer.Write(body)
}

func main() {
	listen := flag.String("listen", "", "the address")
	certificate := flag.String("tls-cert", "", "the certificate, PEM")
	key := flag.String("tls-key", "", "its key, PEM")
	clients := flag.String("client-ca", "", "the CA of the clients, PEM")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	pem, err := os.ReadFile(*clients)
	if err != nil {
		panic(err)
	}
	cas := x509.NewCertPool()
	cas.AppendCertsFromPEM(pem)
	kept := &kept{values: map[string]json.RawMessage{}}
	handler := http.NewServeMux()
	handler.HandleFunc("POST /keep", kept.keep)
	handler.HandleFunc("POST /ratify/gatekeeper/v1/verify", kept.verify)
	server := http.Server{
		Addr:      *listen,
		Handler:   handler,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: cas},
		// No HTTP/2, which neither Gatekeeper nor the benchmark speaks.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	panic(server.ListenAndServeTLS(*certificate, *key))
}
