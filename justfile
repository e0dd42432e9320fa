# List what there is.
default:
    @just --list

# Start the service; what follows goes to it.
run *args:
    cargo run --release -- {{args}}

# Run the tests.
test *args:
    cargo test --workspace {{args}}

# Measure, beside what else there is; with --quick in under three minutes.
bench *args:
    cargo build --release --package gochat --package gochat-bench
    "${CARGO_TARGET_DIR:-target}/release/gochat-bench" {{args}}

# Hurt the service, and hold its answers against the database; with --short in five minutes.
torture *args:
    cargo build --release --package gochat --package gochat-torture
    "${CARGO_TARGET_DIR:-target}/release/gochat-torture" {{args}}

# Check formatting, lints, documentation, and the dependencies' bans, licences and sources.
lint:
    cargo fmt --all -- --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    cargo deny check bans licenses sources

# Format the code.
fmt:
    cargo fmt --all

# Run all that must pass before a change goes in.
ci:
    bash .ci/run

# Build the Debian package, install it, use it, remove it: as root, in a throwaway Debian.
deploy-test:
    bash deploy/test.sh

# Bring the database's schema up to date.
migrate *args:
    cargo run --release -- migrate {{args}}

# Write docs/openapi.json anew.
openapi:
    cargo run --release --quiet -- openapi > docs/openapi.json.new
    mv docs/openapi.json.new docs/openapi.json

# Build the documentation of the code.
doc:
    cargo doc --workspace --no-deps
