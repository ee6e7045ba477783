package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/registry/remote"

	"image-integrity.test/peers/internal/image"
)

// pushCommand prints the digest of what it pushed.
func pushCommand(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("push", flag.ExitOnError)
	to := flags.String("to", "", "where to push: HOST:PORT/REPOSITORY:TAG")
	layout := flags.String("layout", "", "copy from this OCI image layout; without it, a small image is made")
	from := flags.String("tag", "", "tag of the image in the layout")
	signatures := flags.Bool("signatures", false, "copy what refers to the image as well")
	registry := addRegistryFlags(flags)
	// ExitOnError leaves no error to return.
	_ = flags.Parse(arguments)
	if *to == "" {
		return errors.New("-to is missing")
	}
	if (*layout == "") != (*from == "") || (*signatures && *layout == "") {
		return errors.New("-layout and -tag go together, and -signatures needs both")
	}
	repository, tag, err := registry.open(*to)
	if err != nil {
		return err
	}
	pushed, err := push(ctx, repository, tag, source{*layout, *from, *signatures})
	if err != nil {
		return err
	}
	fmt.Println(pushed.Digest)
	return nil
}

// source is an image of a layout; a small new one where the layout is empty.
type source struct {
	layout, tag string
	signatures  bool
}

func push(ctx context.Context, repository *remote.Repository, tag string, from source) (ocispec.Descriptor, error) {
	if from.layout == "" {
		pushed, err := image.Push(ctx, repository, repository.Reference.String())
		if err != nil {
			return ocispec.Descriptor{}, err
		}
		return pushed, repository.Tag(ctx, pushed, tag)
	}
	layout, err := oci.NewFromFS(ctx, os.DirFS(from.layout))
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	if from.signatures {
		return oras.ExtendedCopy(ctx, layout, from.tag, repository, tag, oras.DefaultExtendedCopyOptions)
	}
	return oras.Copy(ctx, layout, from.tag, repository, tag, oras.DefaultCopyOptions)
}
