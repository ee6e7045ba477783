#!/bin/sh
# Makes tests/fixtures/notation-go or tests/fixtures/demo anew (both without arguments), then lets notation-go verify them.
# Keys and signatures are random, so every run changes nearly every file.
#   ./fixtures.sh [notation-go] [demo]
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- notation-go demo
for set in "$@"; do
  case $set in
  notation-go | demo) go run ./cmd/signer fixtures "-$set" "../fixtures/$set" ;;
  *) echo "usage: $0 [notation-go] [demo]" >&2 && exit 64 ;;
  esac
done
# The fixtures are outside of the Go module, where the test cache does not look.
go test -count=1 ./internal/fixtures
