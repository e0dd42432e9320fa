//! Request headers.

use crate::{both_databases::BothDatabases, corpus, mutation, runner};
use anyhow::ensure;
use gochat_test_support::{Case, TestDatabase, cases, http::DEVELOPMENT_KEY};
use proptest::{collection::vec, sample::select};

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

const LINES: &[&str] =
    &["GET /v1/group?limit=1", "OPTIONS /v1/group", "HEAD_ /v1/group", "DELETE /v1/group/1", "GET /docs"];

fn no_header_makes_the_service_panic_and_both_databases_answer_the_same(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let both = BothDatabases::start(database)?;
    let test = |(line, headers): (&str, Vec<(&str, Vec<u8>)>)| {
        let mut request = format!("{line} HTTP/1.1\r\n").into_bytes();
        let has = |name| headers.iter().any(|(known, _)| *known == name);
        for (name, value) in [("Host", "localhost"), ("GoChat-Token", DEVELOPMENT_KEY)] {
            if !has(name) {
                request.extend(format!("{name}: {value}\r\n").bytes());
            }
        }
        for (name, value) in &headers {
            request.extend(format!("{name}: ").bytes());
            request.extend(value.iter().filter(|byte| !b"\r\n".contains(byte)).take(3_000));
            request.extend(b"\r\n");
        }
        request.extend(b"\r\n");
        let (status, text) = both.send(&request)?;
        ensure!((200..500).contains(&status), "{text}");
        Ok(())
    };
    let corpus = corpus::inputs(corpus::HEADERS);
    for name in NAMES {
        corpus.iter().try_for_each(|value| test((LINES[0], vec![(*name, value.clone())])))?;
    }
    let headers = vec((select(NAMES), mutation::mutated(corpus)), 1..4);
    let strategy = (select(LINES), headers);
    runner::run(runner::count()?, "tests/inputs/regressions/headers.txt", strategy, test)?;
    both.assert_seen("headers", &[200, 400, 401, 405])
}
