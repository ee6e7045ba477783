// Command ociregistry serves an empty registry from memory, on the cuelabs ociregistry library.
//
// It prints "listening ADDRESS" to stdout once it accepts connections and logs one line for each request to stderr: METHOD PATH?QUERY STATUS.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
)

func main() {
	address := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	certificate := flag.String("tls-cert", "", "PEM file of the server's certificate chain; serves TLS")
	key := flag.String("tls-key", "", "PEM file of its key")
	noReferrers := flag.Bool("no-referrers-api", false, "answer 404 to the referrers API, so that clients use the fallback tag")
	noFilter := flag.Bool("no-filter", false, "ignore artifactType in the referrers API")
	flag.Parse()
	if flag.NArg() > 0 || (*certificate == "") != (*key == "") {
		fmt.Fprintln(os.Stderr, "usage: ociregistry [flags]; -tls-cert and -tls-key go together")
		flag.PrintDefaults()
		os.Exit(2)
	}
	registry := ociserver.New(ocimem.New(), &ociserver.Options{
		DisableReferrersAPI:       *noReferrers,
		DisableReferrersFiltering: *noFilter,
	})
	handler := logged(registry)
	if *noReferrers {
		handler = withoutSubject(handler)
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	server := &http.Server{Handler: handler}
	if *certificate != "" {
		log.Fatal(server.ServeTLS(listener, *certificate, *key))
	}
	log.Fatal(server.Serve(listener))
}

// logged writes a line for each answered request; tests read them to see what a client asked for.
func logged(next http.Handler) http.Handler {
	lines := log.New(os.Stderr, "", 0)
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		recorder := &statusRecorder{ResponseWriter: response, status: http.StatusOK}
		next.ServeHTTP(recorder, request)
		lines.Println(request.Method, request.URL.RequestURI(), recorder.status)
	})
}

// withoutSubject hides the header that tells clients that they need no fallback tag; the library sends it even where the referrers API is off.
func withoutSubject(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		next.ServeHTTP(&subjectRemover{response}, request)
	})
}

type subjectRemover struct{ http.ResponseWriter }

// WriteHeader drops OCI-Subject.
func (r *subjectRemover) WriteHeader(status int) {
	r.Header().Del("OCI-Subject")
	r.ResponseWriter.WriteHeader(status)
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status on its way to the client.
func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
