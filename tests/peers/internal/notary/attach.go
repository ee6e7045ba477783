package notary

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/notaryproject/notation-go/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	orasregistry "oras.land/oras-go/v2/registry"
)

const thumbprintAnnotation = "io.cncf.notary.x509chain.thumbprint#S256"

// Form is how a signature manifest says that it is one.
type Form string

const (
	// ConfigForm has config.mediaType application/vnd.cncf.notary.signature and no artifactType; it is what notation-go pushes.
	ConfigForm Form = "config"
	// ArtifactTypeForm has artifactType application/vnd.cncf.notary.signature and the empty config.
	ArtifactTypeForm Form = "artifactType"
)

// Attach pushes an envelope and a signature manifest that refers to the subject.
func Attach(ctx context.Context, target oras.GraphTarget, subject ocispec.Descriptor, envelope string, blob []byte, form Form, annotations map[string]string) (ocispec.Descriptor, error) {
	subject = ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	mediaType := EnvelopeTypes[envelope]
	switch form {
	case ConfigForm:
		_, manifest, err := registry.NewRepository(target).PushSignature(ctx, mediaType, blob, subject, annotations)
		return manifest, err
	case ArtifactTypeForm:
		// Some registries keep blobs and manifests apart; a manifest's own layer always goes to the blobs.
		var pusher content.Pusher = target
		if repository, ok := target.(orasregistry.Repository); ok {
			pusher = repository.Blobs()
		}
		layer, err := oras.PushBytes(ctx, pusher, mediaType, blob)
		if err != nil {
			return ocispec.Descriptor{}, err
		}
		return oras.PackManifest(ctx, target, oras.PackManifestVersion1_1, registry.ArtifactTypeNotation, oras.PackManifestOptions{
			Subject:             &subject,
			Layers:              []ocispec.Descriptor{layer},
			ManifestAnnotations: annotations,
		})
	}
	return ocispec.Descriptor{}, fmt.Errorf("unknown form %q: use %s or %s", form, ConfigForm, ArtifactTypeForm)
}

// Annotations are the informational annotations of a signature manifest: the chain's thumbprints and the time of signing.
func Annotations(chain []*x509.Certificate, created time.Time) map[string]string {
	thumbprints := make([]string, len(chain))
	for i, certificate := range chain {
		sum := sha256.Sum256(certificate.Raw)
		thumbprints[i] = hex.EncodeToString(sum[:])
	}
	// A list of strings always encodes.
	encoded, _ := json.Marshal(thumbprints)
	return map[string]string{
		thumbprintAnnotation:      string(encoded),
		ocispec.AnnotationCreated: created.UTC().Format(time.RFC3339),
	}
}
