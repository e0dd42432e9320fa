#!/usr/bin/env bash
# Builds the Debian package, and prints where it is. Needs what a release build needs, cargo-deb and dpkg-dev.
set -euo pipefail
cd "$(dirname "$0")/../.."

cargo build --release --locked -p gochat >&2
binary=${CARGO_TARGET_DIR:-target}/release/gochat

# What the binary tells about itself becomes files; the package's list of files names them, so they are made first.
made=target/deploy
rm -rf "$made"
mkdir -p "$made"
"$binary" man > "$made/gochat.1"
"$binary" completions bash > "$made/gochat.bash"
"$binary" completions zsh > "$made/_gochat"
"$binary" completions fish > "$made/gochat.fish"

cargo deb --package gochat --locked --no-build --output "$made/" >&2
printf '%s\n' "$made"/*.deb
