package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFiles writes NAME.root.pem, NAME.chain.pem (leaf first) and NAME.key.pem (the leaf's key) to the folder.
//
// Chains whose leaf names a CRL or an OCSP responder also get NAME.issuer.key.pem, to make revocation answers with.
func (c *Chain) WriteFiles(folder string) error {
	files := map[string][]byte{
		"root.pem":  CertificatesPEM(c.Root()),
		"chain.pem": CertificatesPEM(c.Certificates...),
	}
	keys := map[string]crypto.Signer{"key.pem": c.Keys[0]}
	if c.Spec.CRL != "" || c.Spec.OCSP != "" {
		keys["issuer.key.pem"] = c.Keys[1]
	}
	for suffix, key := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		files[suffix] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	for suffix, content := range files {
		if err := os.WriteFile(filepath.Join(folder, c.Spec.Name+"."+suffix), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// CertificatesPEM encodes certificates one after another.
func CertificatesPEM(certificates ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, certificate := range certificates {
		// Writing to a bytes.Buffer cannot fail.
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	}
	return out.Bytes()
}

// ReadCertificates reads every certificate of a PEM file.
func ReadCertificates(path string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var certificates []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return certificates, nil
}

// ReadKey reads a PKCS#8 private key.
func ReadKey(path string) (crypto.PrivateKey, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, errors.New(path + " holds no PEM block")
	}
	return x509.ParsePKCS8PrivateKey(block.Bytes)
}
