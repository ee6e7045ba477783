// Package image makes small container images and keeps them in OCI layouts.
package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
)

// created is fixed, so that the same name always gives the same image.
var created = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// Push pushes a one-layer image for linux/amd64 that differs from others by its name alone.
func Push(ctx context.Context, target oras.Target, name string) (ocispec.Descriptor, error) {
	archive, layer, err := layerWith("hello.txt", "A test image.\n")
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	config, err := json.Marshal(ocispec.Image{
		Created:  &created,
		Platform: ocispec.Platform{Architecture: "amd64", OS: "linux"},
		Config:   ocispec.ImageConfig{Labels: map[string]string{ocispec.AnnotationTitle: name}},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(archive)}},
	})
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	layerDescriptor, err := pushOnce(ctx, target, ocispec.MediaTypeImageLayerGzip, layer)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	configDescriptor, err := pushOnce(ctx, target, ocispec.MediaTypeImageConfig, config)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return pushJSON(ctx, target, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    configDescriptor,
		Layers:    []ocispec.Descriptor{layerDescriptor},
	})
}

// PushIndex pushes a multi-platform index of one image.
func PushIndex(ctx context.Context, target oras.Target, child ocispec.Descriptor) (ocispec.Descriptor, error) {
	child.Platform = &ocispec.Platform{Architecture: "amd64", OS: "linux"}
	return pushJSON(ctx, target, ocispec.MediaTypeImageIndex, ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
		Manifests: []ocispec.Descriptor{child},
	})
}

func pushJSON(ctx context.Context, target oras.Target, mediaType string, document any) (ocispec.Descriptor, error) {
	encoded, err := json.Marshal(document)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return pushOnce(ctx, target, mediaType, encoded)
}

func pushOnce(ctx context.Context, target oras.Target, mediaType string, blob []byte) (ocispec.Descriptor, error) {
	descriptor := content.NewDescriptorFromBytes(mediaType, blob)
	if exists, err := target.Exists(ctx, descriptor); err != nil || exists {
		return descriptor, err
	}
	return descriptor, target.Push(ctx, descriptor, bytes.NewReader(blob))
}

// layerWith gives a tar archive of one file, and its gzip form.
func layerWith(name, text string) (archive, compressed []byte, err error) {
	var tarred, zipped bytes.Buffer
	writer := tar.NewWriter(&tarred)
	if err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return nil, nil, err
	}
	if _, err := writer.Write([]byte(text)); err != nil {
		return nil, nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, nil, err
	}
	zipper := gzip.NewWriter(&zipped)
	if _, err := zipper.Write(tarred.Bytes()); err != nil {
		return nil, nil, err
	}
	if err := zipper.Close(); err != nil {
		return nil, nil, err
	}
	return tarred.Bytes(), zipped.Bytes(), nil
}
