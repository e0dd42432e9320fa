#!/usr/bin/env bash
# Installs the client generators into the build folder, where the tests look for them.
# Needs python3 with venv, and npm. The tests also need java, which runs one of the generators.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${CARGO_TARGET_DIR:-$here/../../../../target}/clients
mkdir -p "$tools"
cp "$here/package.json" "$here/package-lock.json" "$tools"
npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund
python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$here/requirements.txt"
