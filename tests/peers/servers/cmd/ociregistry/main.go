// Command ociregistry serves an empty registry from memory, on the cuelabs ociregistry library.
//
// It prints "listening ADDRESS" to stdout once it accepts connections and logs one line for each request to stderr: METHOD PATH?QUERY STATUS.
package main

import (
	"flag"
	"net/http"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"

	"image-integrity.test/peers/servers/internal/serve"
)

func main() {
	noReferrers := flag.Bool("no-referrers-api", false, "answer 404 to the referrers API, so that clients use the fallback tag")
	noFilter := flag.Bool("no-filter", false, "ignore artifactType in the referrers API")
	server := serve.AddFlags()
	server.Parse()
	registry := ociserver.New(ocimem.New(), &ociserver.Options{
		DisableReferrersAPI:       *noReferrers,
		DisableReferrersFiltering: *noFilter,
	})
	if *noReferrers {
		registry = withoutSubject(registry)
	}
	server.Run(registry)
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
