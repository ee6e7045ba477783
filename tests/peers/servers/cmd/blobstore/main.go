// Command blobstore serves the blobs of OCI image layouts as object storage does, to which registries redirect: GET /sha256/HEX?QUERY.
//
// The signature in the URL is the whole permission. A request that carries Authorization as well is refused with 400, as by Azure Blob Storage and S3;
// one without the signature with 403.
// It prints "listening ADDRESS" to stdout once it accepts connections and logs one line for each request to stderr: METHOD PATH?QUERY STATUS.
package main

import (
	"errors"
	"flag"
	"net/http"
	"path/filepath"
	"time"

	"image-integrity.test/peers/servers/internal/serve"
)

func main() {
	var folders []string
	flag.Func("layout", "folder of an image layout; repeatable", func(layout string) error {
		folders = append(folders, filepath.Join(layout, "blobs"))
		return nil
	})
	signature := flag.String("query", "", "what the query of a signed URL is, as in sig=VALUE")
	server := serve.AddFlags()
	server.Parse()
	if len(folders) == 0 || *signature == "" {
		serve.Misused(errors.New("-layout and -query are needed"))
	}
	stored := blobs(folders)
	server.Run(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		switch {
		case request.Header.Get("Authorization") != "":
			http.Error(response, "<Error><Code>InvalidAuthenticationInfo</Code></Error>", http.StatusBadRequest)
		case request.URL.RawQuery != *signature:
			http.Error(response, "<Error><Code>AuthenticationFailed</Code></Error>", http.StatusForbidden)
		default:
			stored.ServeHTTP(response, request)
		}
	}))
}

// blobs serves what the first folder has that has it.
func blobs(folders []string) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		for _, folder := range folders {
			if blob, err := http.Dir(folder).Open(request.URL.Path); err == nil {
				defer blob.Close()
				// The hash in its name is all that is known of a blob.
				http.ServeContent(response, request, "", time.Time{}, blob)
				return
			}
		}
		http.NotFound(response, request)
	})
}
