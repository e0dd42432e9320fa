//! Generated inputs: none may make the service panic, and both databases must give the same answer.
//!
//! An input is taken from a corpus, mutated from it, or random bytes. A failing input is shrunk and kept in
//! `tests/inputs/regressions`; later runs begin with those.
//!
//! | environment variable | |
//! | --- | --- |
//! | `GOCHAT_TEST_INPUTS` | number of inputs of each kind; 500 by default |
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[allow(dead_code, reason = "the suite of the API uses the rest")]
#[path = "../api/app.rs"]
mod app;
mod bodies;
mod body_lines;
mod both_databases;
mod corpus;
mod entity_tags;
mod headers;
mod lines;
mod mutation;
mod objects;
mod queries;
mod runner;
mod settings;

use gochat_test_support::{Backend, Suite};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    // Each case also starts a SQLite database.
    suite.on(
        [Backend::Postgres],
        &[
            bodies::cases(),
            body_lines::cases(),
            headers::cases(),
            entity_tags::cases(),
            queries::cases(),
            lines::cases(),
        ]
        .concat(),
    );
    suite.add("no_setting_makes_the_start_panic_or_shows_a_secret", settings::case);
    suite.run()
}
