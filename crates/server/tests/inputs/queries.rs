//! The query strings of reads.

use crate::{both_databases::BothDatabases, corpus, mutation, runner};
use anyhow::ensure;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Request},
};

pub fn cases() -> Vec<Case> {
    cases![no_query_makes_the_service_panic_and_both_databases_answer_the_same]
}

/// The paths of reads that have a query. Each input is sent to all of them.
const PATHS: &[&str] = &[
    "/v1/group",
    "/v1/group_lookup",
    "/v1/group_members",
    "/v1/group_administrator",
    "/v1/user_joined_groups",
    "/v1/user_created_groups",
];

fn no_query_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let both = BothDatabases::with_groups(database, 3)?;
    for (group, user) in [(1, 2), (1, 3), (2, 1), (2, 4), (3, 2)] {
        let body = format!(r#"{{"group_id":{group},"user_id":{user},"token":"t"}}"#);
        ensure!(both.send(&Request::post("/v1/member", body).bytes())?.0 == 201, "no member");
    }
    let test = |query: Vec<u8>| {
        let query: Vec<u8> = query.into_iter().filter(|byte| !b" \r\n".contains(byte)).take(4_000).collect();
        let rest = format!(" HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\n\r\n");
        for path in PATHS {
            let request = [b"GET ", path.as_bytes(), b"?", &*query, rest.as_bytes()].concat();
            let (status, text) = both.send(&request)?;
            ensure!([200, 400, 404, 422].contains(&status), "{path}: {text}");
        }
        Ok(())
    };
    let corpus = corpus::inputs(corpus::QUERIES);
    corpus.iter().cloned().try_for_each(test)?;
    runner::run(runner::count()?, "tests/inputs/regressions/queries.txt", mutation::mutated(corpus), test)?;
    both.assert_seen("queries", &[200, 404, 422])
}
