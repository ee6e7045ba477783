#!/bin/sh
# Builds the peers once: signer, ociregistry, opa (with its wasm engine) and CNCF distribution's registry.
# Their folder is the last line on stdout. What it holds depends on nothing but the sources here and the Go version,
# whose hash names it, so a second run only prints it.
set -eu
cd "$(dirname "$0")"

digest() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16
}

go version >/dev/null
sources=$(find . -name go.mod -o -name go.sum -o -name '*.go' -o -name build.sh | LC_ALL=C sort)
# shellcheck disable=SC2086 # one word a file: none has a space
key=$({ go version; cat $sources; } | digest)
bin="${IMAGE_INTEGRITY_CACHE:-$HOME/.cache/image-integrity}/peers/$key/bin"

# build NAME MODULE-FOLDER PACKAGE [TAGS]: renames the finished program into place, so that concurrent runs do not meet half of one.
build() {
  [ -x "$bin/$1" ] && return
  echo "peers: building $1" >&2
  mkdir -p "$bin"
  (cd "$2" && CGO_ENABLED=0 go build -p 2 -trimpath -tags "${4-}" -ldflags '-s -w' -o "$bin/.$1.$$" "$3") >&2
  mv "$bin/.$1.$$" "$bin/$1"
}

build signer . ./cmd/signer
build ociregistry . ./cmd/ociregistry
build opa opa github.com/open-policy-agent/opa opa_wasm
build registry distribution github.com/distribution/distribution/v3/cmd/registry
echo "$bin"
