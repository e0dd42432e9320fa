# List the recipes.
default:
    @just --list

# Start the service with these arguments.
run *args:
    cargo run --release -- {{args}}

# Run the tests.
test *args:
    cargo test --workspace {{args}}

# Run the benchmarks, with baselines for comparison. With --quick, they take about four minutes.
bench *args:
    cargo build --release --package gochat --package gochat-bench
    "${CARGO_TARGET_DIR:-target}/release/gochat-bench" {{args}}

# Count the instructions, allocations and system calls of one request.
cost *args:
    cargo build --release --package gochat --package gochat-bench
    "${CARGO_TARGET_DIR:-target}/release/gochat-bench" cost {{args}}

# Inject faults into the service, and compare its replies with the database. With --short, this takes five minutes.
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

# Run all checks that a change must pass.
ci:
    bash .ci/run

# Build, install, use and remove the Debian package. Run as root in a throwaway Debian.
deploy-test:
    bash deploy/test.sh

# Bring the database's schema up to date.
migrate *args:
    cargo run --release -- migrate {{args}}

# Regenerate docs/openapi.json.
openapi:
    cargo run --release --quiet -- openapi > docs/openapi.json.new
    mv docs/openapi.json.new docs/openapi.json

# Build the code documentation.
doc:
    cargo doc --workspace --no-deps
