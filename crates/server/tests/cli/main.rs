//! The binary as an operator sees it: commands, exit codes, output, signals and logs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

mod blocked_log;
mod clock;
mod config;
mod configuration;
mod dashboard;
mod exit;
mod export;
mod frozen_database;
mod groups_life;
mod healthcheck;
mod help;
mod import;
mod import_to;
mod interrupted;
mod keys;
mod load;
mod logs;
mod members;
mod members_files;
mod process;
mod refusals;
mod serve;
mod setting_files;
mod shutdown;
mod sockets;
mod spreadsheets;
mod sqlite_file;
mod systemd;

use gochat_test_support::{Backend, Need, Suite};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    for cases in [
        configuration::cases(),
        healthcheck::cases(),
        refusals::cases(),
        setting_files::cases(),
        config::cases(),
        dashboard::cases(),
        systemd::cases(),
        help::cases(),
    ] {
        for (name, case) in cases {
            suite.add(name, case);
        }
    }
    suite.on([Backend::Postgres], &configuration::postgres_cases());
    suite.on([Backend::Sqlite], &sqlite_file::sqlite_cases());
    suite.on([Backend::Postgres], &load::postgres_cases());
    suite.on([Backend::Postgres], &frozen_database::postgres_cases());
    suite.on([Backend::Postgres], &serve::postgres_cases());
    suite.on([Backend::Postgres], &shutdown::postgres_cases());
    suite.on_with(Need::FakeTime, Backend::ALL, &clock::cases());
    suite.on_with(Need::OpenSsl, [Backend::Postgres], &exit::openssl_cases());
    for cases in [
        configuration::database_cases(),
        dashboard::database_cases(),
        load::cases(),
        export::cases(),
        groups_life::cases(),
        members::cases(),
        members_files::cases(),
        healthcheck::database_cases(),
        import::cases(),
        import_to::cases(),
        interrupted::cases(),
        keys::cases(),
        logs::cases(),
        setting_files::database_cases(),
        serve::cases(),
        spreadsheets::cases(),
        sockets::cases(),
        blocked_log::cases(),
        shutdown::cases(),
        systemd::database_cases(),
    ] {
        suite.on(Backend::ALL, &cases);
    }
    suite.run()
}
