// Command registryproxy stands before a registry and answers in ways that the registries here do not: lists in pages, blobs elsewhere, wrong bytes.
//
// It passes on what it does not change, with the credentials that came. It prints "listening ADDRESS" to stdout once it accepts connections and logs
// one line for each request to stderr: METHOD PATH?QUERY STATUS.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"

	"image-integrity.test/peers/servers/internal/serve"
)

func main() {
	upstream := flag.String("upstream", "", "URL of the registry: http[s]://HOST:PORT")
	upstreamCA := flag.String("upstream-ca", "", "PEM file of the CA that the registry's certificate chains to")
	referrersAPI := flag.Bool("referrers-api", false, "answer the referrers API with what the registry has under the fallback tag")
	page := flag.Int("page", 0, "how many referrers a page holds; 0 leaves lists whole")
	links := flag.String("links", "relative", "how Link names the next page: relative or absolute")
	blobsAt := flag.String("blobs-at", "", "URL that a redirect leads to for each blob, with /ALGORITHM/HEX after its path and its own query")
	alter := flag.String("alter", "", "change the last digit in: manifests or blobs")
	refuseLogin := flag.Bool("refuse-login", false, "answer 400 to whoever brings Authorization, as nobody asked for it")
	server := serve.AddFlags()
	server.Parse()

	to, err := url.Parse(*upstream)
	if err == nil && to.Host == "" {
		err = errors.New("-upstream is no URL of a host")
	}
	if err != nil {
		serve.Misused(err)
	}
	var changes []change
	if *referrersAPI {
		changes = append(changes, emptyListForNone)
	}
	if *page > 0 {
		link, found := map[string]func(*http.Request, *url.URL) string{"relative": relative, "absolute": absolute}[*links]
		if !found {
			serve.Misused(errors.New("-links is relative or absolute"))
		}
		changes = append(changes, pages(*page, link))
	}
	if *blobsAt != "" {
		storage, err := url.Parse(*blobsAt)
		if err != nil {
			serve.Misused(err)
		}
		changes = append(changes, blobsElsewhere(storage))
	}
	if *alter != "" {
		path, found := map[string]*regexp.Regexp{"manifests": manifestPath, "blobs": blobPath}[*alter]
		if !found {
			serve.Misused(errors.New("-alter is manifests or blobs"))
		}
		changes = append(changes, lastDigit(path))
	}
	transport, err := trusting(*upstreamCA)
	if err != nil {
		log.Fatal(err)
	}
	var handler http.Handler = &httputil.ReverseProxy{
		Transport:      transport,
		Rewrite:        rewrite(to, *referrersAPI),
		ModifyResponse: all(changes),
	}
	if *refuseLogin {
		handler = withoutLogin(handler)
	}
	server.Run(handler)
}

func withoutLogin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.Header.Get("Authorization") != "" {
			http.Error(response, "nobody asked for a login", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(response, request)
	})
}

func trusting(caFile string) (*http.Transport, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// What is sent on and changed are the bytes as stored.
	transport.DisableCompression = true
	if caFile == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	return transport, nil
}
