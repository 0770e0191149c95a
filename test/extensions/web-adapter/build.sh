#!/bin/sh
# Builds bin/lambda-adapter: AWS's web adapter as it is published, an extension that others wrote.
set -eu
cd "$(dirname "$0")"
[ -x bin/lambda-adapter ] && exit 0
cargo install lambda_web_adapter --version =0.9.1 --locked --no-track --root .
