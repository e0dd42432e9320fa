//! The headers `If-Match` and `If-None-Match`.

use crate::{both_databases::BothDatabases, corpus, mutation, runner};
use anyhow::ensure;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Request},
};
use proptest::{
    collection::vec,
    prop_oneof,
    sample::select,
    strategy::{BoxedStrategy, Strategy},
};
use std::cell::Cell;

pub fn cases() -> Vec<Case> {
    cases![no_entity_tag_makes_the_service_panic_and_both_databases_answer_the_same]
}

fn no_entity_tag_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let both = BothDatabases::with_groups(database, 2)?;
    for token in ["u", "v"] {
        let change = Request::json("PATCH", "/v1/group/1", format!(r#"{{"token":"{token}"}}"#));
        ensure!(both.send(&change.bytes())?.0 == 200, "no change");
    }
    // The group 1 keeps its version 3: the change in each test changes nothing. A group that is deleted is replaced by
    // a new one.
    let last_group = Cell::new(2);
    let test = |lines: Vec<Vec<u8>>| {
        let read = |method| with(method, "/v1/group/1", "If-None-Match", &lines, "");
        for (request, statuses) in [
            (read("GET"), &[200, 304, 400][..]),
            (with("PATCH", "/v1/group/1", "If-Match", &lines, r#"{"token":"v"}"#), &[200, 400, 412]),
        ] {
            let (status, text) = both.send(&request)?;
            ensure!(statuses.contains(&status), "{text}");
            ensure!(status != 200 || text.contains("\r\netag: \"3\"\r\n"), "{text}");
        }
        let victim = last_group.get();
        let delete = with("DELETE", &format!("/v1/group/{victim}"), "If-Match", &lines, "");
        let (status, text) = both.send(&delete)?;
        ensure!([200, 400, 412].contains(&status), "{text}");
        if status == 200 {
            last_group.set(victim + 1);
            let (status, text) = both.send(&Request::group(&format!("g{}", victim + 1)).bytes())?;
            ensure!(status == 201 && text.contains(&format!("{{\"id\":{},", victim + 1)), "{text}");
        }
        Ok(())
    };
    let corpus = corpus::inputs(corpus::ENTITY_TAGS);
    corpus.iter().try_for_each(|value| test(vec![value.clone()]))?;
    let line = prop_oneof![mutation::mutated(corpus), list()];
    let strategy = vec(line, 1..4);
    runner::run(runner::count()?, "tests/inputs/regressions/entity_tags.txt", strategy, test)?;
    both.assert_seen("entity tags", &[200, 201, 304, 400, 412])
}

/// Returns lists of tags, most of them valid.
fn list() -> BoxedStrategy<Vec<u8>> {
    const TAGS: &[&str] = &["\"1\"", "\"3\"", "W/\"3\"", "\"2\"", "\"\"", "\"a,b\"", "\"03\"", "", "*", "3"];
    const SEPARATORS: &[&str] = &[",", ", ", " ,", ",,", ", \t,"];
    let tags = vec(prop_oneof![4 => select(&TAGS[..5]), 1 => select(TAGS)], 1..6);
    (tags, select(SEPARATORS)).prop_map(|(tags, separator)| tags.join(separator).into_bytes()).boxed()
}

/// A request with a header of several lines.
fn with(method: &str, path: &str, name: &str, lines: &[Vec<u8>], body: &str) -> Vec<u8> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let mut request = request.into_bytes();
    for line in lines {
        request.extend(format!("{name}: ").bytes());
        request.extend(line.iter().filter(|byte| !b"\r\n".contains(byte)).take(3_000));
        request.extend(b"\r\n");
    }
    request.extend(b"\r\n");
    request.extend(body.bytes());
    request
}
