//! Tests of the test support.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed case may panic")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

mod cluster;
mod fault_proxy;
mod namespace;
mod nginx;
mod pgbouncer;
mod small_disk;

use gochat_test_support::{Backend, Need, Suite};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::var_os(cluster::ABANDONED).is_some() {
        cluster::wait_to_be_killed();
    }
    let mut suite = Suite::new();
    suite.on([Backend::Postgres], &cluster::cases());
    suite.on([Backend::Postgres], &fault_proxy::cases());
    suite.behind_pgbouncer(&pgbouncer::cases());
    suite.on_with(Need::PgBouncer, [Backend::Postgres], &pgbouncer::cases_with_own_pgbouncer());
    suite.on_with(Need::German, [Backend::Postgres], &cluster::german_cases());
    suite.on_with(Need::Namespace, [Backend::Postgres], &namespace::cases());
    suite.on_with(Need::Nginx, [Backend::Sqlite], &nginx::cases());
    // The right to create a namespace includes the right to mount a tmpfs.
    suite.on_with(Need::Namespace, [Backend::Postgres], &small_disk::cases());
    suite.run()
}
