package image

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"
)

// Layout is an OCI image layout on disk whose index lists manifests in the order they were pushed.
//
// oras writes the index in random order, which would hide which of two signatures comes first.
type Layout struct {
	*oci.Store
	path  string
	order []digest.Digest
}

// NewLayout starts an empty layout in the folder, removing what was there.
func NewLayout(path string) (*Layout, error) {
	if err := os.RemoveAll(path); err != nil {
		return nil, err
	}
	store, err := oci.New(path)
	if err != nil {
		return nil, err
	}
	store.AutoSaveIndex = false
	return &Layout{Store: store, path: path}, nil
}

// Push stores the content and notes its place in the order.
func (l *Layout) Push(ctx context.Context, expected ocispec.Descriptor, reader io.Reader) error {
	l.order = append(l.order, expected.Digest)
	return l.Store.Push(ctx, expected, reader)
}

// Finish writes the index, as oras does but for order and line breaks.
func (l *Layout) Finish() error {
	if err := l.SaveIndex(); err != nil {
		return err
	}
	path := filepath.Join(l.path, ocispec.ImageIndexFile)
	written, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var index ocispec.Index
	if err := json.Unmarshal(written, &index); err != nil {
		return err
	}
	slices.SortFunc(index.Manifests, func(a, b ocispec.Descriptor) int {
		if a.Digest != b.Digest {
			return slices.Index(l.order, a.Digest) - slices.Index(l.order, b.Digest)
		}
		return strings.Compare(a.Annotations[ocispec.AnnotationRefName], b.Annotations[ocispec.AnnotationRefName])
	})
	encoded, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(encoded, '\n'), 0o644)
}
