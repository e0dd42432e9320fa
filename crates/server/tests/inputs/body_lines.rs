//! Bodies of lines.

use crate::{both_databases::BothDatabases, corpus, mutation, objects, runner};
use anyhow::ensure;
use gochat_test_support::{Case, TestDatabase, cases, http::Request};
use proptest::{collection::vec, prop_oneof};
use serde_json::Value;

pub fn cases() -> Vec<Case> {
    cases![no_lines_make_the_service_panic_and_both_databases_answer_the_same]
}

/// Number of inputs in a body of lines.
const LINES: u32 = 100;

fn no_lines_make_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let both = BothDatabases::start(database)?;
    let test = |lines: Vec<Vec<u8>>| {
        let body = lines.join(&b'\n');
        let numbers: Vec<_> = (1_u64..)
            .zip(body.split(|byte| *byte == b'\n'))
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(number, _)| number)
            .collect();
        for request in
            [Request::lines("/v1/group", body.clone()), Request::lines("/v1/member", body).chunked()]
        {
            let replies = both.send_lines(&request)?;
            let answered: Vec<_> = replies.iter().filter_map(|line| line["line"].as_u64()).collect();
            ensure!(answered == numbers, "{answered:?} are answered, and {numbers:?} were sent");
            let expected = [200, 201, 400, 404, 409, 413, 422];
            let is_expected = |line: &Value| expected.iter().any(|status| line["status"] == *status);
            ensure!(replies.iter().all(is_expected), "{replies:?}");
        }
        Ok(())
    };
    let corpus = corpus::inputs(corpus::BODIES);
    test(corpus.clone())?;
    let cases = runner::count()?.div_ceil(LINES);
    let strategy = vec(prop_oneof![mutation::mutated(corpus), objects::create()], LINES as usize);
    runner::run(cases, "tests/inputs/regressions/body_lines.txt", strategy, test)?;
    both.assert_seen("lines", &[201, 400, 409, 422])
}
