#!/usr/bin/env bash
# Builds the programs of this folder that speak to a node by AWS's SDKs for Go and Rust, into .cache beside this file.
# Quick when nothing has changed; a language whose tools are missing is left out.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p .cache

if command -v go >/dev/null; then
  (
    cd go
    go build -o ../.cache/go/lambda-by-go .
    go build -o ../.cache/go/scheduler-by-go ./scheduler
    go build -o ../.cache/go/sqs-by-go ./sqs
  )
else
  echo 'no go: its program is left out' >&2
fi
if command -v cargo >/dev/null; then
  (cd rust && cargo build --quiet --locked --target-dir ../.cache/rust)
else
  echo 'no cargo: its program is left out' >&2
fi
