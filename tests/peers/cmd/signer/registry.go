package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net/http"
	"os"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// registryFlags say how to reach a registry.
type registryFlags struct {
	plainHTTP *bool
	caFile    *string
	user      *string
	password  *string
}

func addRegistryFlags(flags *flag.FlagSet) registryFlags {
	return registryFlags{
		plainHTTP: flags.Bool("plain-http", false, "speak HTTP instead of HTTPS"),
		caFile:    flags.String("ca-file", "", "PEM file of the CA that the registry's certificate chains to"),
		user:      flags.String("user", "", "user name, where the registry wants one"),
		password:  flags.String("password", "", "the user's password"),
	}
}

// open gives the repository that the reference names, and the reference's tag or digest.
func (f registryFlags) open(reference string) (*remote.Repository, string, error) {
	repository, err := remote.NewRepository(reference)
	if err != nil {
		return nil, "", err
	}
	if repository.Reference.Reference == "" {
		return nil, "", fmt.Errorf("%s has neither tag nor digest", reference)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if *f.caFile != "" {
		pem, err := os.ReadFile(*f.caFile)
		if err != nil {
			return nil, "", err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, "", fmt.Errorf("%s holds no certificate", *f.caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	client := &auth.Client{Client: &http.Client{Transport: transport}, Cache: auth.NewCache()}
	if *f.user != "" {
		client.Credential = auth.StaticCredential(repository.Reference.Registry, auth.Credential{Username: *f.user, Password: *f.password})
	}
	repository.Client = client
	repository.PlainHTTP = *f.plainHTTP
	// A registry without the referrers API may forbid deletion as well; an old fallback index left behind harms nobody.
	repository.SkipReferrersGC = true
	return repository, repository.Reference.Reference, nil
}
