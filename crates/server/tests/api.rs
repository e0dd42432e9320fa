//! The API over HTTP: the real application on its own port. Each case runs on SQLite and on PostgreSQL.
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
#[path = "api/concurrent_reads.rs"]
mod concurrent_reads;
#[path = "api/connections.rs"]
mod connections;
#[path = "api/cors.rs"]
mod cors;
#[path = "api/create.rs"]
mod create;
#[path = "api/database_errors.rs"]
mod database_errors;
#[path = "api/docs.rs"]
mod docs;
#[path = "api/fields.rs"]
mod fields;
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
        connections::cases(),
        database_errors::cases(),
        concurrent_reads::cases(),
        admin::cases(),
        cors::cases(),
        hosts::cases(),
        docs::cases(),
        openapi::cases(),
    ] {
        suite.on(Backend::ALL, &cases);
        suite.behind_pgbouncer(&cases);
    }
    suite.on([Backend::Postgres], &database_errors::postgres_cases());
    suite.on_with(Need::Nginx, Backend::ALL, &base_path::nginx_cases());
    suite.run()
}
