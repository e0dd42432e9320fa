//! The query string of `GET /v1/group`.

use crate::{both_databases::BothDatabases, corpus, mutation, runner};
use anyhow::ensure;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Request},
};

pub fn cases() -> Vec<Case> {
    cases![no_query_makes_the_service_panic_and_both_databases_answer_the_same]
}

fn no_query_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let both = BothDatabases::start(database)?;
    for number in 1..=3 {
        let body = format!(r#"{{"name":"group_{number}","token":"t","admin_id":{number}}}"#);
        ensure!(both.send(&Request::create(body).bytes())?.0 == 201, "no group");
    }
    let test = |query: Vec<u8>| {
        let query: Vec<u8> = query.into_iter().filter(|byte| !b" \r\n".contains(byte)).take(4_000).collect();
        let rest = format!(" HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\n\r\n");
        let request = [b"GET /v1/group?", &*query, rest.as_bytes()].concat();
        let (status, text) = both.send(&request)?;
        ensure!([200, 400, 404, 422].contains(&status), "{text}");
        Ok(())
    };
    let corpus = corpus::inputs(corpus::QUERIES);
    corpus.iter().cloned().try_for_each(test)?;
    runner::run(runner::count()?, "tests/inputs/regressions/queries.txt", mutation::mutated(corpus), test)?;
    both.assert_seen("queries", &[200, 404, 422])
}
