package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/notaryproject/notation-core-go/signature"

	"image-integrity.test/peers/internal/notary"
	"image-integrity.test/peers/internal/pki"
)

// signCommand prints the digest of the signature manifest.
func signCommand(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("sign", flag.ExitOnError)
	image := flags.String("image", "", "what to sign: HOST:PORT/REPOSITORY:TAG or @DIGEST")
	key := flags.String("key", "", "PEM file of the leaf's key (PKCS#8)")
	chain := flags.String("chain", "", "PEM file of the certificates, leaf first")
	envelope := flags.String("envelope", "jws", "jws or cose")
	scheme := flags.String("scheme", string(signature.SigningSchemeX509), "signing scheme, or "+string(signature.SigningSchemeX509SigningAuthority))
	form := flags.String("form", string(notary.ConfigForm), "form of the signature manifest: config, as notation-go does, or artifactType")
	metadata := pairs{}
	flags.Var(metadata, "metadata", "user metadata KEY=VALUE; repeatable")
	signingTime, expiry := moment{time.Now()}, moment{}
	flags.Var(&signingTime, "signing-time", "RFC 3339 time of signing")
	flags.Var(&expiry, "expiry", "RFC 3339 time at which the signature expires; none by default")
	registry := addRegistryFlags(flags)
	// ExitOnError leaves no error to return.
	_ = flags.Parse(arguments)
	if *image == "" || *key == "" || *chain == "" {
		return errors.New("-image, -key and -chain are needed")
	}
	privateKey, err := pki.ReadKey(*key)
	if err != nil {
		return err
	}
	certificates, err := pki.ReadCertificates(*chain)
	if err != nil {
		return err
	}
	repository, reference, err := registry.open(*image)
	if err != nil {
		return err
	}
	subject, err := repository.Resolve(ctx, reference)
	if err != nil {
		return err
	}
	signed := subject
	signed.Annotations = metadata
	blob, err := notary.Sign(notary.SignRequest{
		Subject:     signed,
		Envelope:    *envelope,
		Scheme:      signature.SigningScheme(*scheme),
		Key:         privateKey,
		Chain:       certificates,
		SigningTime: signingTime.Time,
		Expiry:      expiry.Time,
	})
	if err != nil {
		return err
	}
	annotations := notary.Annotations(certificates, signingTime.Time)
	manifest, err := notary.Attach(ctx, repository, subject, *envelope, blob, notary.Form(*form), annotations)
	if err != nil {
		return err
	}
	fmt.Println(manifest.Digest)
	return nil
}
