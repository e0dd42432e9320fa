//! The contract suite of the ports: each [`Case`] runs in memory, on SQLite and on PostgreSQL. The other cases test
//! the databases alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed case may panic")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

mod api_keys;
mod batches;
mod changes;
mod dashboard_secrets;
mod german_server;
mod groups;
mod idempotency;
mod lanes;
mod limits;
mod lost_answers;
mod lost_connections;
mod members;
mod migrations;
mod plans;
mod pooler;
mod reads;
mod subject;

use gochat_test_support::{Backend, Case as DatabaseCase, Need, Suite, TestDatabase};
use std::process::ExitCode;
use subject::Subject;

/// A case that every implementation must pass.
type Case = DatabaseCase<Subject>;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    for (name, case) in [
        groups::cases(),
        changes::cases(),
        members::cases(),
        reads::cases(),
        idempotency::cases(),
        api_keys::cases(),
        dashboard_secrets::cases(),
    ]
    .concat()
    {
        suite.add(format!("memory::{name}"), move || case(Subject::memory()));
        let on = move |database: TestDatabase| case(Subject::on(database)?);
        suite.on(Backend::ALL, &[(name, on)]);
        suite.behind_pgbouncer(&[(name, on)]);
    }
    for cases in [
        migrations::cases(),
        batches::cases(),
        lanes::cases(),
        limits::cases(),
        members::database_cases(),
        reads::database_cases(),
        idempotency::database_cases(),
        api_keys::database_cases(),
        dashboard_secrets::database_cases(),
    ] {
        suite.on(Backend::ALL, &cases);
        suite.behind_pgbouncer(&cases);
    }
    suite.behind_pgbouncer(&pooler::cases());
    for (name, case) in migrations::cases_without_database() {
        suite.add(name, case);
    }
    suite.on([Backend::Postgres], &reads::postgres_cases());
    suite.on([Backend::Postgres], &idempotency::postgres_cases());
    suite.on([Backend::Postgres], &migrations::postgres_cases());
    suite.on([Backend::Postgres], &batches::postgres_cases());
    suite.on([Backend::Postgres], &lanes::postgres_cases());
    suite.on([Backend::Postgres], &api_keys::postgres_cases());
    suite.on([Backend::Postgres], &dashboard_secrets::postgres_cases());
    suite.on([Backend::Postgres], &limits::postgres_cases());
    suite.on([Backend::Postgres], &members::postgres_cases());
    suite.on([Backend::Postgres], &plans::postgres_cases());
    suite.on([Backend::Postgres], &lost_answers::postgres_cases());
    suite.on([Backend::Postgres], &lost_connections::postgres_cases());
    suite.on_with(Need::PgBouncer, [Backend::Postgres], &lost_connections::pooler_cases());
    suite.on_with(Need::Namespace, [Backend::Postgres], &lost_connections::network_cases());
    suite.on_with(Need::German, [Backend::Postgres], &german_server::postgres_cases());
    suite.run()
}
