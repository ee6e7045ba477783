package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	keyID    = "tokenserver"
	lifetime = 5 * time.Minute
)

// access is what a token allows, as registries read it.
type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

type claims struct {
	jwt.RegisteredClaims
	Access []access `json:"access"`
}

type signer struct {
	issuer string
	key    *rsa.PrivateKey
}

func newSigner(issuer string) (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return &signer{issuer, key}, err
}

// token is for one service, and valid from now.
func (s *signer) token(service, subject string, granted []access) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    s.issuer,
			Subject:   subject,
			Audience:  jwt.ClaimStrings{service},
			ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
			NotBefore: jwt.NewNumericDate(now.Add(-time.Minute)),
			IssuedAt:  jwt.NewNumericDate(now),
			ID:        rand.Text(),
		},
		Access: granted,
	})
	token.Header["kid"] = keyID
	return token.SignedString(s.key)
}

// jwks is the public key as a JSON Web Key Set.
func (s *signer) jwks() ([]byte, error) {
	encoded := func(number *big.Int) string { return base64.RawURLEncoding.EncodeToString(number.Bytes()) }
	return json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "RSA",
		"use": "sig",
		"alg": "RS256",
		"kid": keyID,
		"n":   encoded(s.key.N),
		"e":   encoded(big.NewInt(int64(s.key.E))),
	}}})
}
