//! Many inputs that nobody would write by hand: none makes the service panic, and both databases answer the same.
//!
//! Each input is one of a corpus, or some of them cut, spliced and overwritten, or bytes at random. What fails is made as small as
//! it can be, and kept in `tests/inputs/regressions`, from where it is run first ever after.
//!
//! | environment variable | |
//! | --- | --- |
//! | `GOCHAT_TEST_INPUTS` | number of inputs of each kind; 500 if it is not set |

mod inputs {
    #[path = "../api/app.rs"]
    #[allow(dead_code, reason = "the suite of the API uses the rest")]
    pub mod app;
    pub mod bodies;
    pub mod corpus;
    pub mod headers;
    pub mod lines;
    pub mod mutation;
    pub mod queries;
    pub mod runner;
    pub mod settings;
    pub mod twins;
}

use gochat_test_support::{Backend, Suite};
use inputs::{bodies, headers, lines, queries, settings};
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
