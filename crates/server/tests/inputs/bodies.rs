//! The bodies of creates, changes and joins.

use crate::{both_databases::BothDatabases, corpus, mutation, objects, runner};
use anyhow::ensure;
use gochat_test_support::{Case, TestDatabase, cases, http::Request};
use proptest::{prop_oneof, strategy::BoxedStrategy};

pub fn cases() -> Vec<Case> {
    cases![
        no_body_of_a_create_makes_the_service_panic_and_both_databases_answer_the_same,
        no_body_of_a_change_makes_the_service_panic_and_both_databases_answer_the_same,
        no_body_of_a_join_makes_the_service_panic_and_both_databases_answer_the_same,
    ]
}

/// Requests to which the same bodies are sent.
struct Requests {
    name: &'static str,
    /// Methods and paths.
    lines: &'static [(&'static str, &'static str)],
    corpus: Vec<Vec<u8>>,
    objects: BoxedStrategy<Vec<u8>>,
    /// All statuses of replies. Each must occur, apart from 413, because few bodies are that long.
    statuses: &'static [u16],
    regressions: &'static str,
}

fn no_body_of_a_create_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    send(
        database,
        Requests {
            name: "creates",
            lines: &[("POST", "/v1/group")],
            corpus: corpus::inputs(corpus::BODIES),
            objects: objects::create(),
            statuses: &[201, 400, 409, 413, 422],
            regressions: "tests/inputs/regressions/bodies.txt",
        },
    )
}

fn no_body_of_a_change_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    send(
        database,
        Requests {
            name: "changes",
            lines: &[("PATCH", "/v1/group/1"), ("PUT", "/v1/group/2"), ("PATCH", "/v1/group/9")],
            corpus: [corpus::CHANGES, corpus::BODIES].into_iter().flat_map(corpus::inputs).collect(),
            objects: objects::change(),
            statuses: &[200, 400, 404, 409, 413, 422],
            regressions: "tests/inputs/regressions/changes.txt",
        },
    )
}

fn no_body_of_a_join_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    send(
        database,
        Requests {
            name: "joins",
            lines: &[("POST", "/v1/member")],
            corpus: corpus::inputs(corpus::JOINS),
            objects: objects::join(),
            statuses: &[200, 201, 400, 403, 404, 413, 422],
            regressions: "tests/inputs/regressions/joins.txt",
        },
    )
}

fn send(database: TestDatabase, requests: Requests) -> anyhow::Result<()> {
    let Requests { name, lines, corpus, objects, statuses, regressions } = requests;
    let both = BothDatabases::with_groups(database, 3)?;
    let test = |body: Vec<u8>| {
        for (method, path) in lines {
            let (status, text) = both.send(&Request::json(method, path, body.clone()).bytes())?;
            ensure!(statuses.contains(&status), "{method} {path}: {text}");
        }
        Ok(())
    };
    corpus.iter().cloned().try_for_each(test)?;
    runner::run(runner::count()?, regressions, prop_oneof![mutation::mutated(corpus), objects], test)?;
    let expected: Vec<_> = statuses.iter().copied().filter(|status| *status != 413).collect();
    both.assert_seen(name, &expected)
}
