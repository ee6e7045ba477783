// Command gcrregistry serves an empty registry from memory, on go-containerregistry's library.
//
// Its referrers API does not filter, and gives each entry the media type of its config for an artifactType: a signature with an artifactType of its own
// and the empty config is listed as application/vnd.oci.empty.v1+json.
// It prints "listening ADDRESS" to stdout once it accepts connections and logs one line for each request to stderr: METHOD PATH?QUERY STATUS.
package main

import (
	"flag"
	"io"
	"log"

	"github.com/google/go-containerregistry/pkg/registry"

	"image-integrity.test/peers/servers/internal/serve"
)

func main() {
	noReferrers := flag.Bool("no-referrers-api", false, "answer 404 to the referrers API, so that clients use the fallback tag")
	server := serve.AddFlags()
	server.Parse()
	// Its own log does not tell the status.
	quiet := registry.Logger(log.New(io.Discard, "", 0))
	server.Run(registry.New(registry.WithReferrersSupport(!*noReferrers), quiet))
}
