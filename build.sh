#!/usr/bin/env bash
# The one entry to everything: see `./build.sh help`.
set -euo pipefail
cd "$(dirname "$0")"

cache=${IMAGE_INTEGRITY_CACHE:-$HOME/.cache/image-integrity}
target=${CARGO_TARGET_DIR:-$PWD/target}
[[ $target == /* ]] || target=$PWD/$target
cli=$target/release/image-integrity
demo=tests/fixtures/demo
# What a plain `cargo test` selects. Whoever names all of it, and then a target by its name, gets what has been compiled for the plain one: fewer packages have
# other features of what they use, and most of it is then compiled again.
members=()
for member in wasm-policy image-integrity-arithmetic host-shim xtask image-integrity-test-corpus image-integrity-test-maker; do
  members+=(--package "$member")
done

help() {
  cat <<'EOF'
usage: ./build.sh COMMAND

  build   the CLI (target/release/image-integrity), the module (dist/policy.wasm) and the bundle for OPA (dist/bundle.tar.gz)
  demo    build, then verify a signed image and refuse an unsigned and a tampered one, natively and in OPA where there is one
  test    the tests
  e2e     the end-to-end tests against real peers: OPA, three registries, notation-go; then those of `cluster` (needs Go)
  cluster the end-to-end tests in a real Kubernetes control plane with Gatekeeper; `--kubernetes 1.30` takes an older one (needs Go)
  deny    check licences and sources of dependencies
  bench   what the server of `image` costs, and what one in Go does: `bench provider` (needs Go, musl-gcc; Linux)
  soak    the server of `image` under changes and faults for half an hour, in a real Kubernetes control plane; `--minutes N` for another time (needs Go, musl-gcc; Linux)
  rust    install the toolchain of rust-toolchain.toml, as every command does where it is missing
  image   the container image, made without a daemon: an OCI image layout (dist/image) and a tar file of it (dist/image.tar) (needs musl-gcc; Linux)
  chart   the Helm chart with the bundle in it (dist/chart/image-integrity)
  sizes   the module's size by crate

CARGO_TARGET_DIR says where cargo builds; IMAGE_INTEGRITY_CACHE (by default ~/.cache/image-integrity) is where peers and tools are kept.
EOF
}

fail() { printf 'build.sh: %s\n' "$1" >&2; exit 1; }
say() { printf '\n== %s\n' "$1"; }

need() { # command, what to do
  command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

need_rust() {
  need cargo 'install Rust with rustup'
  need cc "install a C compiler (for ring, the TLS library's arithmetic)"
  toolchain
}

# What rust-toolchain.toml names. rustup installs it by itself only where it may (RUSTUP_AUTO_INSTALL), and a toolchain that is there without our target
# is left as it is.
toolchain() {
  local libraries
  if libraries=$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) && [[ -d $libraries ]]; then
    return
  fi
  need rustup 'install Rust with rustup, or the target wasm32-unknown-unknown for your toolchain'
  say 'the Rust toolchain'
  rustup toolchain install "$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)" --no-self-update --profile minimal \
    --component clippy --component rustfmt --target wasm32-unknown-unknown
}

build() {
  need_rust
  say 'the CLI and the build steps'
  cargo build --locked --release --package host-shim --package xtask --no-default-features --features "${1-host-shim/serve}"
  module
}

# The module and the bundle. The steps share their dependencies with the CLI's build.
module() {
  say 'the module and the bundle for OPA'
  "$target/release/xtask" module --out dist/policy.wasm
  "$cli" bundle --module dist/policy.wasm --out dist/bundle.tar.gz
}

# An OPA that can load the module: on the path, or built by `./build.sh e2e`.
find_opa() {
  local opa
  for opa in "$(command -v opa || true)" "$cache"/peers/*/bin/opa; do
    if [[ -x $opa ]] && "$opa" version | grep -q 'WebAssembly: available'; then
      echo "$opa"
      return
    fi
  done
}

demo() {
  # Without the server, whose libraries take as long to compile as all others; where they are compiled already, a program without it would be one more.
  if compgen -G "$target/release/deps/libaxum-*.rlib" >/dev/null; then build; else build ''; fi
  say 'native: a signed image is verified, an unsigned and a tampered one are denied'
  local status=0
  "$cli" verify --config $demo/verify-config.yaml oci:$demo/layout:signed oci:$demo/layout:unsigned oci:$demo/layout:tampered || status=$?
  [[ $status == 1 ]] || fail "the demo should end with exit status 1 (denied); it ended with $status"

  local opa
  opa=$(find_opa)
  if [[ -z $opa ]]; then
    say 'OPA: none with WebAssembly is on the path, so this part is left out (./build.sh e2e builds one)'
    return
  fi
  say "the same module in OPA ($opa)"
  local image input verdict
  # Not local: the trap runs when this function is over.
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  input=$scratch/input.json verdict=$scratch/verdict.json
  for image in signed unsigned tampered; do
    "$cli" fetch --config $demo/verify-config.yaml "oci:$demo/layout:$image" >"$input"
    "$opa" eval --bundle dist/bundle.tar.gz --input "$input" --format raw data.image_integrity.verify >"$verdict"
    "$opa" eval --input "$verdict" --format raw 'sprintf("%s %s", [name, input.images[name].code])'
    # A denial ends with exit status 1, and is what two of the three should be.
    { "$cli" replay "$input" --output json || true; } | cmp - "$verdict" || fail "OPA and the CLI give different verdicts on $image"
  done
}

test_all() {
  need_rust
  cargo test --locked
  build
  say 'the module in wasmtime'
  local trap=$target/trap/policy.wasm
  "$target/release/xtask" module --features trap --out "$trap"
  IMAGE_INTEGRITY_MODULE=$PWD/dist/policy.wasm IMAGE_INTEGRITY_TRAP_MODULE=$trap cargo test --locked --package image-integrity-tests
}

# The chart as it is released: with the bundle, the module's digest for the constraint, and, where IMAGE_INTEGRITY_BUNDLE_KEY names a private key in PEM,
# a signature over the bundle and the key that verifies it.
chart() {
  build
  assemble_chart
}

assemble_chart() {
  say 'the Helm chart'
  local files=dist/chart/image-integrity/files
  rm -rf dist/chart
  mkdir -p dist/chart
  cp -RL deploy/charts/image-integrity dist/chart/
  if [[ -n ${IMAGE_INTEGRITY_BUNDLE_KEY-} ]]; then
    "$cli" bundle --module dist/policy.wasm --out $files/bundle.tar.gz --signing-key "$IMAGE_INTEGRITY_BUNDLE_KEY" --signing-alg RS256
    openssl pkey -in "$IMAGE_INTEGRITY_BUNDLE_KEY" -pubout -out $files/bundle-key.pem
    echo RS256 >$files/bundle-algorithm
  else
    cp dist/bundle.tar.gz $files/
  fi
  # The bundle's revision begins with it.
  tar -xzOf $files/bundle.tar.gz .manifest | sed 's/.*"revision":"\([0-9a-f]\{64\}\).*/\1/' >$files/module.sha256
  printf 'dist/chart/image-integrity: module %s\n' "$(<$files/module.sha256)"
}

# The program as it is shipped, for the machine that this is: linked with musl, as one whole, and laid out by what a server mostly does. One that counts what it
# uses is built first, and does that; tests/load/src/bin/train.rs is what it does. Sets `shipped`, where the program is.
ship() {
  need_rust
  local musl host tools counting raw profile
  musl=$(uname -m)-unknown-linux-musl
  host=$(rustc --version --verbose | sed -n 's/^host: //p')
  tools=$(rustc --print sysroot)/lib/rustlib/$host/bin
  need musl-gcc "install a C compiler for musl (for ring, the TLS library's arithmetic): the package musl-tools of Debian and Ubuntu, musl-gcc of Fedora"
  if [[ ! -d $(rustc --print target-libdir --target "$musl") ]]; then
    need rustup "install the target $musl for your toolchain"
    rustup target add "$musl"
  fi
  if [[ ! -x $tools/llvm-profdata ]]; then
    need rustup 'install the component llvm-tools for your toolchain'
    rustup component add llvm-tools
  fi

  say 'the static binary, with counters (1 of 3)'
  # In a folder of its own: cargo does not keep programs apart by flags such as these.
  compile_static "$target/counting" "$musl" -Cprofile-generate
  counting=$target/counting/$musl/dist/image-integrity
  # What has been counted for the same program is used again, so that what is built by it is built once.
  raw=$target/counting/raw
  profile=$target/counting/$(sha256sum "$counting" | cut -d ' ' -f 1).profdata
  say 'what a server mostly does (2 of 3)'
  if [[ ! -f $profile ]]; then
    rm -rf "$raw" "$target"/counting/*.profdata
    mkdir "$raw"
    cargo build --locked --release --package image-integrity-load --bin train
    # The counts are written where the program runs.
    (cd "$raw" && IMAGE_INTEGRITY_E2E_CLI=$counting "$target/release/train")
    "$tools/llvm-profdata" merge --output "$profile" "$raw"
  fi
  say 'the static binary (3 of 3)'
  compile_static "$target" "$musl" "-Cprofile-use=$profile"
  shipped=$target/$musl/dist/image-integrity
}

compile_static() { # FOLDER TARGET FLAG
  # Without the paths of this machine in it.
  CARGO_ENCODED_RUSTFLAGS=$(printf '%s\x1f--remap-path-prefix=%s=\x1f--remap-path-prefix=%s=' "$3" "${CARGO_HOME:-$HOME/.cargo}/registry/src" "$PWD") \
    CARGO_TARGET_DIR=$1 cargo build --locked --profile dist --package host-shim --target "$2"
}

# The container image: nothing in it but the program, its licence and Mozilla's CAs.
image() {
  ship
  say 'the image'
  cargo run --locked --release --quiet --package xtask --no-default-features --features image -- image \
    --binary "$shipped" --out dist/image ${IMAGE_INTEGRITY_SOURCE:+--source "$IMAGE_INTEGRITY_SOURCE"}
  # The layout, read by the binary in it.
  local status=0
  "$shipped" verify --config $demo/verify-config.yaml oci:dist/image || status=$?
  [[ $status == 1 ]] || fail "the image should be found to have no signature (1); it ended with $status"
}

# The tests of one of the packages of end-to-end tests.
end_to_end() { # e2e|cluster [TEST...]
  local test targets=() tests=("${@:2}")
  [[ ${#tests[@]} -gt 0 ]] || tests=("tests/$1/tests"/*)
  for test in "${tests[@]}"; do
    targets+=(--test "$(basename "$test" .rs)")
  done
  cargo test --locked "${members[@]}" --package "image-integrity-$1" "${targets[@]}"
}

# The end-to-end tests find what they test by these variables; tests/e2e/src/built.rs reads them.
e2e() {
  need go 'install Go 1.26 or newer (the peers are written in it)'
  need node 'install Node 20 or newer (the npm package runs in it)'
  need npm 'install npm, which comes with Node'
  build

  say 'the module and the bundle again, in another folder: the same bytes'
  local again=$target/again
  CARGO_TARGET_DIR=$again "$target/release/xtask" module --out "$again/policy.wasm"
  "$cli" bundle --module "$again/policy.wasm" --out "$again/bundle.tar.gz"
  cmp dist/bundle.tar.gz "$again/bundle.tar.gz" || fail 'the bundle is not reproducible'

  npm_package

  say 'the peers'
  local peers
  peers=$(tests/peers/build.sh | tail -1)

  say 'against the peers'
  IMAGE_INTEGRITY_E2E_CLI=$cli IMAGE_INTEGRITY_E2E_BUNDLE=$PWD/dist/bundle.tar.gz IMAGE_INTEGRITY_E2E_PEERS=$peers \
    IMAGE_INTEGRITY_E2E_NPM=$PWD/npm IMAGE_INTEGRITY_E2E_MODULE=$PWD/dist/policy.wasm \
    end_to_end e2e

  say 'the commands of the documents that need OPA'
  IMAGE_INTEGRITY_OPA=$peers/opa cargo test --locked "${members[@]}" --test docs

  against_cluster "$peers" 1.37
}

cluster() { # [--kubernetes VERSION]
  [[ $# == 0 || ($# == 2 && $1 == --kubernetes) ]] || fail 'usage: ./build.sh cluster [--kubernetes 1.37|1.30]'
  need go 'install Go 1.26 or newer (the peers are written in it)'
  build
  say 'the peers'
  against_cluster "$(tests/peers/build.sh | tail -1)" "${2:-1.37}"
}

# tests/cluster/src/built.rs reads what else is in the environment.
against_cluster() { # PEERS VERSION
  say "in a cluster of Kubernetes $2"
  assemble_chart
  local programs
  programs=$(tests/peers/cluster.sh "$2" | tail -1)
  local -x IMAGE_INTEGRITY_E2E_CLI=$cli IMAGE_INTEGRITY_E2E_BUNDLE=$PWD/dist/bundle.tar.gz IMAGE_INTEGRITY_E2E_PEERS=$1 \
    IMAGE_INTEGRITY_E2E_MODULE=$PWD/dist/policy.wasm IMAGE_INTEGRITY_E2E_CLUSTER=$programs IMAGE_INTEGRITY_E2E_KUBERNETES=$2 \
    IMAGE_INTEGRITY_E2E_CHART=$PWD/dist/chart/image-integrity
  IMAGE_INTEGRITY_E2E_ENGINE=native end_to_end cluster
  say 'what is admitted there with the verdicts of a stock OPA'
  IMAGE_INTEGRITY_E2E_ENGINE=opa end_to_end cluster admission configuration
}

bench() { # provider
  [[ ${1-} == provider && $# == 1 ]] || fail 'usage: ./build.sh bench provider'
  need go 'install Go 1.26 or newer (the provider beside ours is written in it)'
  ship
  say 'the peers'
  local peers
  peers=$(tests/peers/build.sh | tail -1)
  say 'the server under load'
  IMAGE_INTEGRITY_E2E_CLI=$shipped IMAGE_INTEGRITY_E2E_PEERS=$peers cargo run --locked --release --package image-integrity-load --bin provider
}

soak() { # [--minutes N]
  need go 'install Go 1.26 or newer (the peers are written in it)'
  ship
  say 'the peers'
  local programs
  programs=$(tests/peers/cluster.sh 1.37 | tail -1)
  say 'the server under changes and faults'
  IMAGE_INTEGRITY_E2E_CLI=$shipped IMAGE_INTEGRITY_E2E_CLUSTER=$programs \
    cargo run --locked --release --package image-integrity-load --bin soak -- "$@"
}

npm_package() {
  say 'the npm package, in Node and in Deno'
  npm/build.sh
  local corpus=$target/corpus
  rm -rf "$corpus"
  cargo build --locked --quiet "${members[@]}" --example write
  "$target/debug/examples/write" "$corpus"
  (
    cd npm
    npm ci --ignore-scripts
    npm run types
    IMAGE_INTEGRITY_CORPUS=$corpus npm test
  )
}

deny() {
  need_rust
  if [[ ! -x $cache/tools/bin/cargo-deny ]]; then
    say 'installing cargo-deny into the cache'
    # Not optimised: that takes longer than it saves.
    CARGO_TARGET_DIR=$cache/target-tools cargo install --locked --debug --root "$cache/tools" cargo-deny@0.20.2
  fi
  local checks='licenses bans sources'
  if timeout 60 "$cache/tools/bin/cargo-deny" --locked fetch db >/dev/null 2>&1; then
    checks+=' advisories'
  else
    say 'no database of advisories is reachable: they are not checked'
  fi
  # shellcheck disable=SC2086 # a list of words
  "$cache/tools/bin/cargo-deny" --locked --log-level error check --hide-inclusion-graph $checks
}

sizes() {
  build
  "$target/release/xtask" sizes "$target/wasm32-unknown-unknown/wasm/wasm_policy.wasm"
}

case ${1:-help} in
  build) build ;;
  demo) demo ;;
  test) test_all ;;
  e2e) e2e ;;
  cluster) cluster "${@:2}" ;;
  bench) bench "${@:2}" ;;
  soak) soak "${@:2}" ;;
  deny) deny ;;
  chart) chart ;;
  image) image ;;
  rust) need_rust ;;
  sizes) sizes ;;
  help | -h | --help) help ;;
  *) help >&2; fail "there is no command $1" ;;
esac
