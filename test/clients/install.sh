#!/usr/bin/env bash
# Installs the clients that the tests of this folder call, into .cache beside this file. Quick when all is there.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p .cache

# once NAME FILES COMMAND…: runs the command unless it has run for these very files
once() {
  local name=$1 files=$2 sum
  shift 2
  # shellcheck disable=SC2086 # several
  sum=$(sha256sum $files)
  [ "$(cat ".cache/$name.sum" 2>/dev/null)" = "$sum" ] && return 0
  "$@"
  printf '%s' "$sum" >".cache/$name.sum"
}

# python_packages FOLDER FILE
python_packages() {
  rm -rf ".cache/$1"
  python3 -m pip install --quiet --disable-pip-version-check --no-compile --target ".cache/$1" -r "$2"
}

# By itself: of what it wants only a compiler would be used to build, and that is large.
cargo_lambda() {
  rm -rf .cache/cargo-lambda
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target .cache/cargo-lambda -r "$1"
}

# With the modules for AWS out of the package of all of Ansible's collections.
tools() {
  local fetched
  python_packages tools requirements-tools.txt
  fetched=$(mktemp -d)
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$fetched" -r requirements-ansible.txt
  unzip -q -o "$fetched"/ansible-*.whl 'ansible_collections/amazon/aws/*' -d .cache/tools
  rm -rf "$fetched"
}

# npm_packages FOLDER FROM
npm_packages() {
  rm -rf ".cache/$1"
  mkdir ".cache/$1"
  cp "$2/package.json" "$2/package-lock.json" ".cache/$1"
  (cd ".cache/$1" && npm ci --silent --ignore-scripts --no-audit --no-fund)
}

once python requirements.txt python_packages python requirements.txt
once cli requirements-cli.txt python_packages cli requirements-cli.txt
once js 'js/package.json js/package-lock.json' npm_packages js js
once sqs-query requirements-sqs-query.txt python_packages sqs-query requirements-sqs-query.txt
once tools 'requirements-tools.txt requirements-ansible.txt' tools
once cargo-lambda requirements-cargo-lambda.txt cargo_lambda requirements-cargo-lambda.txt
# What senders of webhooks sign with.
once webhooks 'webhooks/package.json webhooks/package-lock.json' npm_packages webhooks webhooks
