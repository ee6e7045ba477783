#!/bin/sh
# Builds the peers once: signer, the servers of servers/, opa (with its wasm engine), provider, and CNCF distribution's registry.
# Their folder is the last line on stdout. It is named by the hash of the sources here and of the Go version, so a second run only prints it.
set -eu
cd "$(dirname "$0")"

digest() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16
}

# key FOLDER...: the hash of what programs made of these folders depend on.
key() {
  # Of one file per word: no path here has a space.
  # shellcheck disable=SC2046
  cat build.sh $(find "$@" -name go.mod -o -name go.sum -o -name '*.go' | LC_ALL=C sort) | { go version; cat; } | digest
}

# build NAME MODULE-FOLDER PACKAGE [TAGS]: each module's programs are kept apart by its own hash, since OPA and distribution change less often than the rest.
# A finished program is renamed into place, so that concurrent runs never meet half of one.
build() {
  [ -x "$bin/$1" ] && return
  kept=$cache/$1-$(key "$2")
  mkdir -p "$kept" "$bin"
  if [ ! -x "$kept/$1" ]; then
    echo "peers: building $1" >&2
    (cd "$2" && CGO_ENABLED=0 go build -p 2 -trimpath -tags "${4-}" -ldflags '-s -w' -o "$kept/.$1.$$" "$3") >&2
    mv "$kept/.$1.$$" "$kept/$1"
  fi
  ln -sf "$kept/$1" "$bin/$1"
}

go version >/dev/null
cache=${IMAGE_INTEGRITY_CACHE:-$HOME/.cache/image-integrity}/peers
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
bin=$cache/$(key .)/bin
build signer . ./cmd/signer
for server in ociregistry gcrregistry tokenserver registryproxy blobstore; do
  build "$server" servers "./cmd/$server"
done
build opa opa github.com/open-policy-agent/opa opa_wasm
build provider provider .
build registry distribution github.com/distribution/distribution/v3/cmd/registry
echo "$bin"
