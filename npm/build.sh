#!/usr/bin/env bash
# Builds the npm package in this folder: dist/ with the module, the JavaScript that loads it, and the contract's types.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo run --locked --quiet --package xtask --no-default-features --features npm -- npm --out npm/dist
cp docs/schema/contract.d.ts npm/dist/
cp LICENSE npm/
