//! Many inputs that nobody would write by hand: none makes the service panic, and both databases answer the same.
//!
//! Each input is one of a corpus, or some of them cut, spliced and overwritten, or bytes at random. What fails is made as small as
//! it can be, and kept in `tests/inputs/regressions`, from where it is run first ever after.
//!
//! | environment variable | |
//! | --- | --- |
//! | `GOCHAT_TEST_INPUTS` | number of inputs of each kind; 500 if it is not set |
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[path = "api/app.rs"]
#[allow(dead_code, reason = "the suite of the API uses the rest")]
mod app;
#[path = "inputs/bodies.rs"]
mod bodies;
#[path = "inputs/both_databases.rs"]
mod both_databases;
#[path = "inputs/corpus.rs"]
mod corpus;
#[path = "inputs/headers.rs"]
mod headers;
#[path = "inputs/lines.rs"]
mod lines;
#[path = "inputs/mutation.rs"]
mod mutation;
#[path = "inputs/queries.rs"]
mod queries;
#[path = "inputs/runner.rs"]
mod runner;
#[path = "inputs/settings.rs"]
mod settings;

use gochat_test_support::{Backend, Suite};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    // Each has a database on SQLite beside it.
    suite.on(
        [Backend::Postgres],
        &[bodies::cases(), headers::cases(), queries::cases(), lines::cases()].concat(),
    );
    suite.add("no_setting_makes_the_start_panic_or_shows_a_secret", settings::case);
    suite.run()
}
