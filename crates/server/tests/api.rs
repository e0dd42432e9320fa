//! The API over HTTP: the real application on a port of its own, each case on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[path = "api/admin.rs"]
mod admin;
#[path = "api/app.rs"]
mod app;
#[path = "api/base_path.rs"]
mod base_path;
#[path = "api/bodies.rs"]
mod bodies;
#[path = "api/cors.rs"]
mod cors;
#[path = "api/create.rs"]
mod create;
#[path = "api/crowds.rs"]
mod crowds;
#[path = "api/docs.rs"]
mod docs;
#[path = "api/faults.rs"]
mod faults;
#[path = "api/fields.rs"]
mod fields;
#[path = "api/floods.rs"]
mod floods;
#[path = "api/hosts.rs"]
mod hosts;
#[path = "api/idempotency.rs"]
mod idempotency;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/openapi.rs"]
mod openapi;
#[path = "api/openapi_rules.rs"]
mod openapi_rules;
#[path = "api/pipelines.rs"]
mod pipelines;
#[path = "api/protocol.rs"]
mod protocol;
#[path = "api/reads.rs"]
mod reads;

use gochat_test_support::{Backend, Need, Suite};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    let rules = openapi_rules::cases_without_database();
    for (name, case) in openapi::cases_without_database().into_iter().chain(rules) {
        suite.add(name, case);
    }
    suite.on([Backend::Postgres], &admin::postgres_cases());
    for cases in [
        create::cases(),
        reads::cases(),
        idempotency::cases(),
        fields::cases(),
        bodies::cases(),
        base_path::cases(),
        keys::cases(),
        protocol::cases(),
        pipelines::cases(),
        crowds::cases(),
        faults::cases(),
        floods::cases(),
        admin::cases(),
        cors::cases(),
        hosts::cases(),
        docs::cases(),
        openapi::cases(),
    ] {
        suite.on(Backend::ALL, &cases);
        suite.behind_pgbouncer(&cases);
    }
    suite.on([Backend::Postgres], &faults::postgres_cases());
    suite.on_with(Need::Nginx, Backend::ALL, &base_path::nginx_cases());
    suite.run()
}
