#!/usr/bin/env bash
# Installs what functions of the tests are made of, into .cache beside this file: AWS's runtime clients,
# Powertools, and the runtimes that a node is given. Quick when all is there.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p .cache

# once NAME FILE COMMAND…: runs the command unless it has run for this very file
once() {
  local name=$1 file=$2 sum
  shift 2
  sum=$(sha256sum "$file")
  [ "$(cat ".cache/$name.sum" 2>/dev/null)" = "$sum" ] && return 0
  "$@"
  printf '%s' "$sum" >".cache/$name.sum"
}

python_packages() {
  rm -rf .cache/python
  /usr/bin/python3.11 -m pip install --quiet --disable-pip-version-check --no-compile --target .cache/python -r requirements.txt
}

# The runtime client is built from source, against headers that come with npm's own package of Node.js.
node_packages() {
  local headers=node-linux-$(node -p process.arch)
  npm install --prefix .cache/headers --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$headers@22"
  (cd node && npm_config_nodedir=$PWD/../.cache/headers/node_modules/$headers npm ci --no-audit --no-fund --loglevel=error)
  rm -rf .cache/headers
}

runtimes() {
  ../../bin/skein runtime add nodejs22.x java17 --home .cache/home
}

once python requirements.txt python_packages &
python=$!
once node node/package-lock.json node_packages &
node=$!
once runtimes ../../src/cli/runtime-parts.ts runtimes
wait "$python"
wait "$node"
