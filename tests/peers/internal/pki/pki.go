// Package pki makes certificate chains for code signing as the Notary Project signature specification wants them.
package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"time"
)

// Certificates are valid for a century, since the verifier under test takes the time as an input.
var (
	validFrom  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(2119, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Spec says what chain to make.
type Spec struct {
	// Name is the leaf's common name and the stem of the file names.
	Name string
	// SubjectStem replaces Name in the certificates' subjects, for a chain that poses as another.
	SubjectStem string
	// Key is the kind of the leaf's key.
	Key KeyKind
	// CAKey is the kind of the issuers' keys; Key where empty.
	CAKey KeyKind
	// Length counts the certificates, leaf and root included; 1 is a self-signed leaf.
	Length int
	// PSS makes issuers sign certificates with RSASSA-PSS instead of PKCS#1 v1.5.
	PSS bool
	// LeafNotAfter ends the leaf's validity; a century from now where zero.
	LeafNotAfter time.Time
	// CRL is the leaf's CRL distribution point, if any.
	CRL string
	// OCSP is the leaf's OCSP responder, if any.
	OCSP string
	// Timestamping makes a chain for a timestamping authority (RFC 3161) instead of code signing.
	Timestamping bool
}

// Chain is a certificate chain with its keys, leaf first.
type Chain struct {
	Spec         Spec
	Certificates []*x509.Certificate
	Keys         []crypto.Signer
}

// New makes the chain from the root downwards.
func New(spec Spec) (*Chain, error) {
	if spec.CAKey == "" {
		spec.CAKey = spec.Key
	}
	if spec.SubjectStem == "" {
		spec.SubjectStem = spec.Name
	}
	chain := &Chain{
		Spec:         spec,
		Certificates: make([]*x509.Certificate, spec.Length),
		Keys:         make([]crypto.Signer, spec.Length),
	}
	for index := spec.Length - 1; index >= 0; index-- {
		if err := chain.issue(index); err != nil {
			return nil, fmt.Errorf("chain %s, certificate %d: %w", spec.Name, index, err)
		}
	}
	return chain, nil
}

// Leaf is the signing certificate.
func (c *Chain) Leaf() *x509.Certificate { return c.Certificates[0] }

// Root is the trust anchor; the leaf itself in a chain of one.
func (c *Chain) Root() *x509.Certificate { return c.Certificates[len(c.Certificates)-1] }

func (c *Chain) issue(index int) error {
	template, kind := c.caTemplate(index), c.Spec.CAKey
	if index == 0 {
		template, kind = c.leafTemplate(), c.Spec.Key
	}
	key, err := kind.generate()
	if err != nil {
		return err
	}
	parent, parentKey, parentKind := template, key, kind
	if index+1 < len(c.Certificates) {
		parent, parentKey, parentKind = c.Certificates[index+1], c.Keys[index+1], c.Spec.CAKey
	}
	template.SignatureAlgorithm = parentKind.certificateAlgorithm(c.Spec.PSS)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return err
	}
	c.Keys[index] = key
	c.Certificates[index], err = x509.ParseCertificate(der)
	return err
}

func (c *Chain) leafTemplate() *x509.Certificate {
	template := &x509.Certificate{
		Subject:     subject("build", c.Spec.SubjectStem),
		NotBefore:   validFrom,
		NotAfter:    validUntil,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	if !c.Spec.LeafNotAfter.IsZero() {
		template.NotAfter = c.Spec.LeafNotAfter
	}
	if c.Spec.CRL != "" {
		template.CRLDistributionPoints = []string{c.Spec.CRL}
	}
	if c.Spec.OCSP != "" {
		template.OCSPServer = []string{c.Spec.OCSP}
	}
	if c.Spec.Timestamping {
		template.ExtKeyUsage = nil
		template.ExtraExtensions = []pkix.Extension{criticalTimestamping()}
	}
	return template
}

// caTemplate gives every intermediate the tightest path length that still permits the chain.
func (c *Chain) caTemplate(index int) *x509.Certificate {
	template := &x509.Certificate{
		Subject:               subject("ca", fmt.Sprintf("%s intermediate %d", c.Spec.SubjectStem, index)),
		NotBefore:             validFrom,
		NotAfter:              validUntil,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            index - 1,
		MaxPathLenZero:        index == 1,
	}
	if index == len(c.Certificates)-1 {
		template.Subject = subject("ca", c.Spec.SubjectStem+" root")
		template.MaxPathLen, template.MaxPathLenZero = -1, false
	}
	return template
}

func subject(unit, commonName string) pkix.Name {
	return pkix.Name{
		Country:            []string{"US"},
		Province:           []string{"WA"},
		Locality:           []string{"Seattle"},
		Organization:       []string{"acme"},
		OrganizationalUnit: []string{unit},
		CommonName:         commonName,
	}
}

// criticalTimestamping is the extended key usage id-kp-timeStamping; RFC 3161 section 2.3 wants it critical, which x509.Certificate.ExtKeyUsage cannot say.
func criticalTimestamping() pkix.Extension {
	return pkix.Extension{
		Id:       []int{2, 5, 29, 37},
		Critical: true,
		Value:    []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08},
	}
}
