package notary

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/registry"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"oras.land/oras-go/v2"
	orasregistry "oras.land/oras-go/v2/registry"
)

// TrustStores holds certificates by "type:name", as trust policies name them.
type TrustStores map[string][]*x509.Certificate

// GetCertificates implements truststore.X509TrustStore with the checks that notation-go makes on files.
func (s TrustStores) GetCertificates(_ context.Context, storeType truststore.Type, name string) ([]*x509.Certificate, error) {
	certificates := s[string(storeType)+":"+name]
	if err := truststore.ValidateCertificates(certificates); err != nil {
		return nil, fmt.Errorf("trust store %s:%s: %w", storeType, name, err)
	}
	return certificates, nil
}

// Check is one result of notation-go's verifier.
type Check struct {
	Type   string `json:"type"`
	Action string `json:"action"`
	Error  string `json:"error,omitempty"`
}

// Outcome is what notation-go says of an image.
type Outcome struct {
	Image    string `json:"image"`
	Verified bool   `json:"verified"`
	Digest   string `json:"digest,omitempty"`
	Error    string `json:"error,omitempty"`
	// Checks are those of the signature that verified; notation-go gives none for the others.
	Checks []Check `json:"checks,omitempty"`
}

// VerifyRequest is one image to verify.
type VerifyRequest struct {
	Target oras.GraphTarget
	// Image is the full reference that scopes are matched with.
	Image         string
	Policy        *trustpolicy.Document
	TrustStores   TrustStores
	MaxSignatures int
	UserMetadata  map[string]string
}

// Verify asks notation-go's verifier, which takes the time from the system's clock.
func Verify(ctx context.Context, request VerifyRequest) (Outcome, error) {
	checker, err := verifier.New(request.Policy, request.TrustStores, nil)
	if err != nil {
		return Outcome{}, err
	}
	reference, err := orasregistry.ParseReference(request.Image)
	if err != nil {
		return Outcome{}, err
	}
	resolved, err := request.Target.Resolve(ctx, reference.Reference)
	if err != nil {
		return Outcome{}, err
	}
	// The verifier refuses tags.
	reference.Reference = resolved.Digest.String()
	subject, outcomes, err := notation.Verify(ctx, checker, registry.NewRepository(request.Target), notation.VerifyOptions{
		ArtifactReference:    reference.String(),
		MaxSignatureAttempts: request.MaxSignatures,
		UserMetadata:         request.UserMetadata,
	})
	outcome := Outcome{Image: request.Image, Verified: err == nil, Digest: subject.Digest.String()}
	if err != nil {
		outcome.Error = err.Error()
	}
	for _, each := range outcomes {
		for _, result := range each.VerificationResults {
			check := Check{Type: string(result.Type), Action: string(result.Action)}
			if result.Error != nil {
				check.Error = result.Error.Error()
			}
			outcome.Checks = append(outcome.Checks, check)
		}
	}
	return outcome, nil
}

// StrictPolicy is a policy document of one statement for every image and every identity.
func StrictPolicy(trustStores ...string) *trustpolicy.Document {
	return &trustpolicy.Document{
		Version: "1.0",
		TrustPolicies: []trustpolicy.TrustPolicy{{
			Name:                  "default",
			RegistryScopes:        []string{"*"},
			SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"},
			TrustStores:           trustStores,
			TrustedIdentities:     []string{"*"},
		}},
	}
}
