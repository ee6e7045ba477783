// Package notary signs and verifies images with the Notary Project's own Go libraries.
package notary

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-core-go/signature/cose"
	"github.com/notaryproject/notation-core-go/signature/jws"
	"github.com/notaryproject/tspclient-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// payloadType is the content type of the signed payload.
const payloadType = "application/vnd.cncf.notary.payload.v1+json"

// EnvelopeTypes maps the short names of envelopes to their media types.
var EnvelopeTypes = map[string]string{"jws": jws.MediaTypeEnvelope, "cose": cose.MediaTypeEnvelope}

// SignRequest is one signature to make.
//
// It goes to notation-core-go rather than notation-go's signer, which knows neither the signing authority scheme nor a signing time other than now.
type SignRequest struct {
	// Subject is what the payload names; its annotations are the user metadata.
	Subject ocispec.Descriptor
	// Envelope is jws or cose.
	Envelope string
	Scheme   signature.SigningScheme
	Key      crypto.PrivateKey
	// Chain is leaf first.
	Chain       []*x509.Certificate
	SigningTime time.Time
	// Expiry is none where zero.
	Expiry time.Time
	// Timestamper asks for an RFC 3161 token where it is set; TSARoots must then hold its root.
	Timestamper tspclient.Timestamper
	TSARoots    *x509.CertPool
}

// Sign makes the envelope and lets the library verify it once.
func Sign(request SignRequest) ([]byte, error) {
	signer, err := signature.NewLocalSigner(request.Chain, request.Key)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(map[string]ocispec.Descriptor{"targetArtifact": {
		MediaType:   request.Subject.MediaType,
		Digest:      request.Subject.Digest,
		Size:        request.Subject.Size,
		Annotations: request.Subject.Annotations,
	}})
	if err != nil {
		return nil, err
	}
	mediaType, ok := EnvelopeTypes[request.Envelope]
	if !ok {
		return nil, fmt.Errorf("unknown envelope %q: use jws or cose", request.Envelope)
	}
	envelope, err := signature.NewEnvelope(mediaType)
	if err != nil {
		return nil, err
	}
	encoded, err := envelope.Sign(&signature.SignRequest{
		Payload:       signature.Payload{ContentType: payloadType, Content: payload},
		Signer:        signer,
		SigningTime:   request.SigningTime,
		Expiry:        request.Expiry,
		SigningScheme: request.Scheme,
		SigningAgent:  "notation-go/1.3.2",
		Timestamper:   request.Timestamper,
		TSARootCAs:    request.TSARoots,
	})
	if err != nil {
		return nil, err
	}
	if _, err := envelope.Verify(); err != nil {
		return nil, fmt.Errorf("the envelope just made does not verify: %w", err)
	}
	return encoded, nil
}
