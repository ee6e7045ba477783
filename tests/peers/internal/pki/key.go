package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
)

// KeyKind names one of the six key kinds of the Notary Project signature specification.
type KeyKind string

// The six kinds, each of which implies one signature algorithm.
const (
	RSA2048 KeyKind = "rsa2048"
	RSA3072 KeyKind = "rsa3072"
	RSA4096 KeyKind = "rsa4096"
	P256    KeyKind = "p256"
	P384    KeyKind = "p384"
	P521    KeyKind = "p521"
)

// KeyKinds lists all kinds in the order of the specification's table.
var KeyKinds = []KeyKind{RSA2048, RSA3072, RSA4096, P256, P384, P521}

// Algorithm is the JOSE name (RFC 7518) of the signature algorithm that a leaf of this kind implies.
func (k KeyKind) Algorithm() string {
	return map[KeyKind]string{
		RSA2048: "PS256", RSA3072: "PS384", RSA4096: "PS512",
		P256: "ES256", P384: "ES384", P521: "ES512",
	}[k]
}

// certificateAlgorithm is what a CA with a key of this kind signs certificates with.
func (k KeyKind) certificateAlgorithm(pss bool) x509.SignatureAlgorithm {
	if pss {
		return map[KeyKind]x509.SignatureAlgorithm{
			RSA2048: x509.SHA256WithRSAPSS, RSA3072: x509.SHA384WithRSAPSS, RSA4096: x509.SHA512WithRSAPSS,
		}[k]
	}
	return map[KeyKind]x509.SignatureAlgorithm{
		RSA2048: x509.SHA256WithRSA, RSA3072: x509.SHA384WithRSA, RSA4096: x509.SHA512WithRSA,
		P256: x509.ECDSAWithSHA256, P384: x509.ECDSAWithSHA384, P521: x509.ECDSAWithSHA512,
	}[k]
}

func (k KeyKind) generate() (crypto.Signer, error) {
	switch k {
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case P521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	}
	return nil, fmt.Errorf("unknown key kind %q", k)
}
