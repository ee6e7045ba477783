// Command tokenserver gives registries' bearer tokens, signed with RS256, at any path (the Docker token specification, and its OAuth2 form).
//
// A user may do what they ask for; without a login only the named repositories may be pulled from, and a token for others holds no rights, as at Docker
// Hub.
// It makes a key, writes the JWKS that CNCF distribution's auth.token reads, prints "listening ADDRESS" to stdout once it accepts connections, and logs
// one line for each request to stderr: METHOD PATH?QUERY STATUS, and how the client said who it is: anonymous, basic USER, password USER or refresh_token.
package main

import (
	"errors"
	"flag"
	"log"
	"os"

	"image-integrity.test/peers/servers/internal/serve"
)

func main() {
	accounts := accounts{passwords: pairs{}, identities: map[string]bool{}, public: map[string]bool{}}
	flag.Var(accounts.passwords, "user", "NAME:PASSWORD of a user; repeatable")
	flag.Var(set(accounts.identities), "identity-token", "identity token that a user may log in with in place of a password; repeatable")
	flag.Var(set(accounts.public), "public", "repository that may be pulled from without a login; repeatable")
	flag.BoolVar(&accounts.refuseAnonymous, "refuse-anonymous", false, "answer 401 where a token without a login would hold no rights")
	noPost := flag.Int("no-post", 0, "status to answer every POST with, as by servers without the OAuth2 form")
	issuer := flag.String("issuer", "tokenserver", "the issuer that registries expect")
	jwks := flag.String("jwks", "", "where to write the JWKS that verifies the tokens")
	tokens := pairs{}
	flag.Var(tokens, "write-token", "REPOSITORY:FILE of a token to write that may pull from the repository; repeatable. Its service is -service")
	service := flag.String("service", "registry", "the service that the written tokens are for")
	server := serve.AddFlags()
	server.Parse()
	if *jwks == "" {
		serve.Misused(errors.New("-jwks is needed"))
	}

	signer, err := newSigner(*issuer)
	if err != nil {
		log.Fatal(err)
	}
	keys, err := signer.jwks()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*jwks, keys, 0o644); err != nil {
		log.Fatal(err)
	}
	for repository, file := range tokens {
		token, err := signer.token(*service, "written", []access{{Type: "repository", Name: repository, Actions: []string{"pull"}}})
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	server.Run(&realm{accounts, signer, *noPost})
}
