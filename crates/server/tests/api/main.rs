//! The API over HTTP: the real application on its own port. Each case runs on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

mod admin;
mod app;
mod base_path;
mod bodies;
mod change;
mod concurrent_reads;
mod connections;
mod cors;
mod create;
mod dashboard;
mod database_errors;
mod delete;
mod described;
mod docs;
mod etag;
mod fields;
mod hosts;
mod idempotency;
mod join;
mod keys;
mod leave;
mod limits;
mod lines;
mod lines_of_members;
mod members;
mod one_group;
mod one_member;
mod openapi;
mod openapi_rules;
mod pipelines;
mod protocol;
mod reads;
mod streams;
mod user_groups;
mod walk;

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
        change::cases(),
        delete::cases(),
        etag::cases(),
        join::cases(),
        leave::cases(),
        members::cases(),
        user_groups::cases(),
        limits::cases(),
        reads::cases(),
        idempotency::cases(),
        lines::cases(),
        lines_of_members::cases(),
        streams::cases(),
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
        described::cases(),
        dashboard::access::cases(),
        dashboard::groups::cases(),
        dashboard::keys::cases(),
        dashboard::now::cases(),
        dashboard::errors::cases(),
    ] {
        suite.on(Backend::ALL, &cases);
        suite.behind_pgbouncer(&cases);
    }
    suite.on([Backend::Postgres], &database_errors::postgres_cases());
    suite.on([Backend::Postgres], &limits::postgres_cases());
    suite.on_with(Need::Nginx, Backend::ALL, &base_path::nginx_cases());
    suite.run()
}
