#!/bin/sh
# Builds dist/bootstrap, the executable that provided.al2023 starts.
set -eu
cd "$(dirname "$0")"
cargo build --release --locked
mkdir -p dist
cp target/release/bootstrap dist/bootstrap
