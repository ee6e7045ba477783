// Package tsa is a timestamping authority (RFC 3161) that answers without a network and at any time it is told.
package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"github.com/notaryproject/tspclient-go"
	"github.com/notaryproject/tspclient-go/pki"
)

var (
	oidSignedData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo              = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}

	sha256Algorithm          = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}}
	sha256WithRSAAlgorithm   = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}
	ecdsaWithSHA256Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}

	// policy is a private arc of the example kind: nobody's policy.
	policy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1}
)

// Authority implements tspclient.Timestamper.
type Authority struct {
	// Chain is leaf first; its root stays out of the tokens.
	Chain []*x509.Certificate
	Key   crypto.Signer
	// Time is the genTime of every token.
	Time time.Time
	// Alter changes what is stamped, to make tokens for something else.
	Alter func(imprint *tspclient.MessageImprint)
}

// Timestamp answers the request.
func (a *Authority) Timestamp(_ context.Context, request *tspclient.Request) (*tspclient.Response, error) {
	imprint := request.MessageImprint
	if a.Alter != nil {
		a.Alter(&imprint)
	}
	info, err := a.info(imprint, request.Nonce)
	if err != nil {
		return nil, err
	}
	token, err := a.sign(info)
	if err != nil {
		return nil, err
	}
	return &tspclient.Response{
		Status:         pki.StatusInfo{Status: pki.StatusGranted},
		TimestampToken: asn1.RawValue{FullBytes: token},
	}, nil
}

// accuracy is that of RFC 3161 section 2.4.2.
type accuracy struct {
	Seconds int `asn1:"optional"`
	Millis  int `asn1:"optional,tag:0"`
	Micros  int `asn1:"optional,tag:1"`
}

// info encodes a TSTInfo.
func (a *Authority) info(imprint tspclient.MessageImprint, nonce *big.Int) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Version  int
		Policy   asn1.ObjectIdentifier
		Imprint  tspclient.MessageImprint
		Serial   *big.Int
		Time     time.Time `asn1:"generalized"`
		Accuracy accuracy
		Nonce    *big.Int `asn1:"optional"`
	}{1, policy, imprint, serial, a.Time.UTC(), accuracy{Seconds: 1, Millis: 500}, nonce})
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type signerInfo struct {
	Version            int
	Signer             issuerAndSerial
	DigestAlgorithm    pkix.AlgorithmIdentifier
	SignedAttributes   asn1.RawValue
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
}

type encapsulatedContent struct {
	Type    asn1.ObjectIdentifier
	Content []byte `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Content          encapsulatedContent
	Certificates     asn1.RawValue
	Signers          []signerInfo `asn1:"set"`
}

// sign wraps the content in a CMS SignedData (RFC 5652 section 5) as RFC 3161 section 2.4.2 profiles it.
func (a *Authority) sign(content []byte) ([]byte, error) {
	attributes, err := a.signedAttributes(content)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(attributes)
	signature, err := a.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	algorithm := sha256WithRSAAlgorithm
	if _, ok := a.Key.(*ecdsa.PrivateKey); ok {
		algorithm = ecdsaWithSHA256Algorithm
	}
	// The attributes are signed as a SET and sent with an implicit tag [0] in its place.
	sent := bytes.Clone(attributes)
	sent[0] = 0xa0
	var certificates []byte
	for _, certificate := range a.Chain[:len(a.Chain)-1] {
		certificates = append(certificates, certificate.Raw...)
	}
	leaf := a.Chain[0]
	return asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}{oidSignedData, signedData{
		Version:          3,
		DigestAlgorithms: []pkix.AlgorithmIdentifier{sha256Algorithm},
		Content:          encapsulatedContent{oidTSTInfo, content},
		Certificates:     asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: certificates},
		Signers: []signerInfo{{
			Version:            1,
			Signer:             issuerAndSerial{asn1.RawValue{FullBytes: leaf.RawIssuer}, leaf.SerialNumber},
			DigestAlgorithm:    sha256Algorithm,
			SignedAttributes:   asn1.RawValue{FullBytes: sent},
			SignatureAlgorithm: algorithm,
			Signature:          signature,
		}},
	}})
}

// signedAttributes encodes the attributes as the SET that is signed.
func (a *Authority) signedAttributes(content []byte) ([]byte, error) {
	contentDigest, certificateDigest := sha256.Sum256(content), sha256.Sum256(a.Chain[0].Raw)
	// ESSCertIDv2 (RFC 5035) leaves out its default hash algorithm, SHA-256.
	type certificateID struct{ Hash []byte }
	type signingCertificate struct{ Certificates []certificateID }
	var attributes []attribute
	for _, each := range []struct {
		kind  asn1.ObjectIdentifier
		value any
	}{
		{oidContentType, oidTSTInfo},
		{oidMessageDigest, contentDigest[:]},
		{oidSigningTime, a.Time.UTC()},
		{oidSigningCertificateV2, signingCertificate{[]certificateID{{certificateDigest[:]}}}},
	} {
		value, err := asn1.Marshal(each.value)
		if err != nil {
			return nil, err
		}
		attributes = append(attributes, attribute{each.kind, []asn1.RawValue{{FullBytes: value}}})
	}
	return asn1.MarshalWithParams(attributes, "set")
}
