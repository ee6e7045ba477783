#!/bin/sh
# Makes tests/fixtures/notation-go and tests/fixtures/demo anew, then lets notation-go verify them.
# Keys and signatures are random, so every run changes every file.
set -eu
cd "$(dirname "$0")"
go run ./cmd/signer fixtures -out ../fixtures
go test ./internal/fixtures
