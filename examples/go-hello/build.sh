#!/bin/sh
# Builds dist/bootstrap, the executable that provided.al2023 starts.
set -eu
cd "$(dirname "$0")"
mkdir -p dist
CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -ldflags '-s -w' -o dist/bootstrap .
