// Package serve is what the servers here have in common: where they listen, and the line that they log of each request.
package serve

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

// Flags say where a server listens, and whether on TLS.
type Flags struct{ address, certificate, key *string }

// AddFlags adds the flags to those of the command line.
func AddFlags() Flags {
	return Flags{
		address:     flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 takes a free one"),
		certificate: flag.String("tls-cert", "", "PEM file of the server's certificate chain; serves TLS"),
		key:         flag.String("tls-key", "", "PEM file of its key"),
	}
}

// Parse reads the command line. What is wrong with it ends the program.
func (f Flags) Parse() {
	flag.Parse()
	if flag.NArg() > 0 {
		Misused(fmt.Errorf("unexpected argument %q", flag.Arg(0)))
	}
	if (*f.certificate == "") != (*f.key == "") {
		Misused(errors.New("-tls-cert and -tls-key go together"))
	}
}

// Misused says what is wrong with the command line, and ends the program.
func Misused(err error) {
	fmt.Fprintln(os.Stderr, err)
	flag.Usage()
	os.Exit(2)
}

// Run prints "listening ADDRESS" once connections are accepted, and serves for ever.
func (f Flags) Run(handler http.Handler) {
	listener, err := net.Listen("tcp", *f.address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", listener.Addr())
	server := &http.Server{Handler: logged(handler)}
	if *f.certificate != "" {
		log.Fatal(server.ServeTLS(listener, *f.certificate, *f.key))
	}
	log.Fatal(server.Serve(listener))
}

// logged writes a line for each answered request; tests read them to see what a client asked for.
//
// Headers and bodies are where secrets are: none of them is logged. A Note is, after the status.
func logged(next http.Handler) http.Handler {
	lines := log.New(os.Stderr, "", 0)
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		recorder := &recorder{ResponseWriter: response, status: http.StatusOK}
		// What is served may change the request, and the line is about the one that came.
		asked := request.Method + " " + request.URL.RequestURI()
		next.ServeHTTP(recorder, request)
		lines.Printf("%s %d%s", asked, recorder.status, recorder.note)
	})
}

// Note adds a word to the line of the request that is being answered.
func Note(response http.ResponseWriter, word string) {
	if recorder, ok := response.(*recorder); ok {
		recorder.note += " " + word
	}
}

type recorder struct {
	http.ResponseWriter
	status int
	note   string
}

// WriteHeader notes the status on its way to the client.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
