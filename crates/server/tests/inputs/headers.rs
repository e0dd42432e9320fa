//! Request headers.

use crate::{both_databases::BothDatabases, corpus, mutation, runner};
use anyhow::ensure;
use gochat_test_support::{Case, TestDatabase, cases, http::DEVELOPMENT_KEY};
use proptest::{collection::vec, prop_oneof, sample::select, strategy::Strategy};
use std::cell::Cell;

pub fn cases() -> Vec<Case> {
    cases![no_header_makes_the_service_panic_and_both_databases_answer_the_same]
}

/// Headers known to the service, the web framework or browsers, except those that frame or delay a message.
const NAMES: &[&str] = &[
    "Accept",
    "Accept-Encoding",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Authorization",
    "Baggage",
    "Connection",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "Forwarded",
    "GoChat-Token",
    "Host",
    "Idempotency-Key",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Keep-Alive",
    "Origin",
    "Range",
    "Referer",
    "TE",
    "Traceparent",
    "Tracestate",
    "User-Agent",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Request-Id",
    "X-Unknown",
];

/// Starts of request lines. `HEAD_` stands for any method that the service does not have.
const LINES: &[&str] =
    &["GET /v1/group?limit=1", FIND, "OPTIONS /v1/group", "HEAD_ /v1/group", DELETE, "GET /docs"];

const DELETE: &str = "DELETE /v1/group/2";

/// A read of the group that is created first. No request deletes it.
const FIND: &str = "GET /v1/group/1";

/// A create, and the headers that decide how its body is read and what becomes of it.
const CREATE: &str = "POST /v1/group";
const CREATE_NAMES: &[&str] = &["Idempotency-Key", "Content-Type", "Content-Encoding"];

fn no_header_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let both = BothDatabases::start(database)?;
    let creates = Cell::new(0_u64);
    let test = |(line, headers): (&str, Vec<(&str, Vec<u8>)>)| {
        let mut request = format!("{line} HTTP/1.1\r\n").into_bytes();
        let has = |name| headers.iter().any(|(known, _)| *known == name);
        let always = [("Host", "localhost"), ("GoChat-Token", DEVELOPMENT_KEY)];
        let of_create = (line == CREATE).then_some(("Content-Type", "application/json"));
        for (name, value) in always.into_iter().chain(of_create) {
            if !has(name) {
                request.extend(format!("{name}: {value}\r\n").bytes());
            }
        }
        let mut body = String::new();
        if line == CREATE {
            creates.set(creates.get() + 1);
            // Every second create repeats the body of the one before it.
            body = format!(r#"{{"name":"g{}","token":"t","admin_id":1}}"#, creates.get() / 2);
            request.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
        }
        for (name, value) in &headers {
            request.extend(format!("{name}: ").bytes());
            request.extend(value.iter().filter(|byte| !b"\r\n".contains(byte)).take(3_000));
            request.extend(b"\r\n");
        }
        request.extend(b"\r\n");
        request.extend(body.bytes());
        let (status, text) = both.send(&request)?;
        ensure!((200..500).contains(&status), "{text}");
        Ok(())
    };
    let corpus = corpus::inputs(corpus::HEADERS);
    for name in NAMES {
        corpus.iter().try_for_each(|value| test((LINES[0], vec![(*name, value.clone())])))?;
    }
    // Twice, so that an Idempotency-Key is repeated with the same body and with another one.
    for name in CREATE_NAMES.iter().chain(CREATE_NAMES) {
        corpus.iter().try_for_each(|value| test((CREATE, vec![(*name, value.clone())])))?;
    }
    for (line, name) in [(FIND, "If-None-Match"), (DELETE, "If-Match")] {
        corpus.iter().try_for_each(|value| test((line, vec![(name, value.clone())])))?;
    }
    let keys = vec![b"key-1".to_vec(), b"key-2".to_vec()];
    let create_header = prop_oneof![
        4 => (select(CREATE_NAMES), mutation::mutated(corpus.clone())),
        1 => (select(NAMES), mutation::mutated(corpus.clone())),
        1 => (select(&CREATE_NAMES[..1]), select(keys)),
    ];
    let others = (select(LINES), vec((select(NAMES), mutation::mutated(corpus)), 1..4));
    let creates = vec(create_header, 0..4).prop_map(|headers| (CREATE, headers));
    let strategy = prop_oneof![others, creates];
    runner::run(runner::count()?, "tests/inputs/regressions/headers.txt", strategy, test)?;
    both.assert_seen("headers", &[200, 201, 304, 400, 401, 404, 405, 409, 412, 415, 422])
}
