#!/bin/sh
# Builds a Kubernetes control plane, etcd, Gatekeeper and helm once, for the cluster part of the end-to-end tests: cluster.sh [1.37 | 1.30].
# Their folder is the last line on stdout; Gatekeeper's own manifest is in it too. Each program is kept by the hash of what it is made of and of the Go
# version. Go's build cache, 5 GB of it, is in a temporary folder and does not outlive this.
set -eu
cd "$(dirname "$0")/cluster"

digest() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16
}

# build NAME FOLDER PACKAGE LINKER-FLAGS [MODFILE]. A finished program is renamed into place, so that concurrent runs never meet half of one.
# Nothing is inlined (-l): that takes a quarter off the minutes, and nobody measures these programs.
build() {
  modfile=${5-go.mod}
  hash=$(cd "$2" && { go version; echo "$3 $4"; cat "$modfile" "${modfile%.mod}.sum" $(find . -name '*.go' | LC_ALL=C sort); } | digest)
  kept=$cache/$1-$hash
  mkdir -p "$kept"
  names="$names $kept/$1"
  [ -x "$kept/$1" ] && return
  echo "peers: building $1, which takes minutes" >&2
  [ -n "$GOCACHE" ] || { GOCACHE=$(mktemp -d) && export GOCACHE; }
  (cd "$2" && CGO_ENABLED=0 go build -p 2 -trimpath -modfile "$modfile" -gcflags=all=-l -ldflags "-s -w $4" -o "$kept/.$1.$$" "$3") >&2
  mv "$kept/.$1.$$" "$kept/$1"
}

# What the linker must set, or the servers say that they are v0.0.0.
version_of_kubernetes() { # MAJOR.MINOR.PATCH
  minor=${1#1.}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    printf -- '-X %s.gitVersion=v%s ' $package "$1"
    printf -- "-X $package.%s " gitMajor=1 "gitMinor=${minor%.*}" gitTreeState=archive gitCommit=unknown buildDate=1970-01-01T00:00:00Z
  done
}

go version >/dev/null
cache=${IMAGE_INTEGRITY_CACHE:-$HOME/.cache/image-integrity}/peers
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
GOCACHE=
trap '[ -z "$GOCACHE" ] || rm -rf "$GOCACHE"' EXIT
trap 'exit 1' INT TERM
names=

case ${1-1.37} in
  1.37) build controlplane controlplane . "$(version_of_kubernetes 1.37.2)" ;;
  1.30) build controlplane controlplane . "$(version_of_kubernetes 1.30.14)" 1.30.mod ;;
  *) echo "cluster.sh: there is no control plane of Kubernetes $1; there are 1.37 and 1.30" >&2; exit 2 ;;
esac
build etcd etcd go.etcd.io/etcd/server/v3 ''
build gatekeeper gatekeeper github.com/open-policy-agent/gatekeeper/v3 '-X github.com/open-policy-agent/gatekeeper/v3/pkg/version.Version=v3.23.1'
build helm helm helm.sh/helm/v3/cmd/helm ''

bin=$cache/cluster-$(echo "$names" | digest)/bin
mkdir -p "$bin"
for name in $names; do
  ln -sf "$name" "$bin/"
done
if [ ! -f "$bin/gatekeeper.yaml" ]; then
  (cd gatekeeper && go mod download github.com/open-policy-agent/gatekeeper/v3)
  cp "$(cd gatekeeper && go list -m -f '{{.Dir}}' github.com/open-policy-agent/gatekeeper/v3)/deploy/gatekeeper.yaml" "$bin/.gatekeeper.yaml.$$"
  mv "$bin/.gatekeeper.yaml.$$" "$bin/gatekeeper.yaml"
fi
echo "$bin"
