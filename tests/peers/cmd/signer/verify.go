package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"

	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"image-integrity.test/peers/internal/notary"
	"image-integrity.test/peers/internal/pki"
)

// verifyCommand prints one notary.Outcome.
func verifyCommand(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("verify", flag.ExitOnError)
	image := flags.String("image", "", "what to verify: HOST:PORT/REPOSITORY:TAG or @DIGEST")
	policyFile := flags.String("policy", "", "JSON file of the trust policy document; without it, level strict for every image, all stores and identity *")
	storeFiles, metadata := pairs{}, pairs{}
	flags.Var(storeFiles, "store", "trust store TYPE:NAME=PEM-FILE; repeatable")
	flags.Var(metadata, "metadata", "user metadata KEY=VALUE that the signature must hold; repeatable")
	limit := flags.Int("max-signatures", 50, "how many signatures to try")
	registry := addRegistryFlags(flags)
	// ExitOnError leaves no error to return.
	_ = flags.Parse(arguments)
	if *image == "" || len(storeFiles) == 0 {
		return errors.New("-image and -store are needed")
	}
	stores, err := readStores(storeFiles)
	if err != nil {
		return err
	}
	policy, err := readPolicy(*policyFile, stores)
	if err != nil {
		return err
	}
	repository, _, err := registry.open(*image)
	if err != nil {
		return err
	}
	outcome, err := notary.Verify(ctx, notary.VerifyRequest{
		Target:        repository,
		Image:         *image,
		Policy:        policy,
		TrustStores:   stores,
		MaxSignatures: *limit,
		UserMetadata:  metadata,
	})
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(outcome); err != nil {
		return err
	}
	if !outcome.Verified {
		return errNotVerified
	}
	return nil
}

func readStores(files pairs) (notary.TrustStores, error) {
	stores := notary.TrustStores{}
	for name, file := range files {
		certificates, err := pki.ReadCertificates(file)
		if err != nil {
			return nil, err
		}
		stores[name] = certificates
	}
	return stores, nil
}

func readPolicy(file string, stores notary.TrustStores) (*trustpolicy.Document, error) {
	if file == "" {
		var names []string
		for name := range stores {
			names = append(names, name)
		}
		slices.Sort(names)
		return notary.StrictPolicy(names...), nil
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var policy trustpolicy.Document
	return &policy, json.Unmarshal(encoded, &policy)
}
