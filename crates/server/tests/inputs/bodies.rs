//! The bodies of a create and of a change.

use crate::{both_databases::BothDatabases, corpus, mutation, runner};
use anyhow::ensure;
use gochat_test_support::{Case, TestDatabase, cases, http::Request};
use proptest::prop_oneof;

pub fn cases() -> Vec<Case> {
    cases![no_body_makes_the_service_panic_and_both_databases_answer_the_same]
}

fn no_body_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let both = BothDatabases::start(database)?;
    both.send(&Request::group("first").bytes())?;
    let test = |body: Vec<u8>| {
        let (status, text) = both.send(&Request::create(body.clone()).bytes())?;
        ensure!([201, 400, 409, 413, 422].contains(&status), "{text}");
        let (status, text) = both.send(&Request::json("PATCH", "/v1/group/1", body).bytes())?;
        ensure!([200, 400, 409, 413, 422].contains(&status), "{text}");
        Ok(())
    };
    let corpus = corpus::inputs(corpus::BODIES);
    corpus.iter().cloned().try_for_each(test)?;
    runner::run(
        runner::count()?,
        "tests/inputs/regressions/bodies.txt",
        prop_oneof![mutation::mutated(corpus), mutation::object()],
        test,
    )?;
    both.assert_seen("bodies", &[200, 201, 400, 409, 422])
}
