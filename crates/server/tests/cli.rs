//! The binary as an operator sees it: commands, exit codes, output, signals and logs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[path = "cli/blocked_log.rs"]
mod blocked_log;
#[path = "cli/clock.rs"]
mod clock;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/exit.rs"]
mod exit;
#[path = "cli/export.rs"]
mod export;
#[path = "cli/frozen_database.rs"]
mod frozen_database;
#[path = "cli/healthcheck.rs"]
mod healthcheck;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/interrupted.rs"]
mod interrupted;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/load.rs"]
mod load;
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/process.rs"]
mod process;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/setting_files.rs"]
mod setting_files;
#[path = "cli/shutdown.rs"]
mod shutdown;
#[path = "cli/sockets.rs"]
mod sockets;
#[path = "cli/spreadsheets.rs"]
mod spreadsheets;
#[path = "cli/sqlite_file.rs"]
mod sqlite_file;
#[path = "cli/systemd.rs"]
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
        sockets::cases(),
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
        load::cases(),
        export::cases(),
        healthcheck::database_cases(),
        import::cases(),
        interrupted::cases(),
        keys::cases(),
        logs::cases(),
        setting_files::database_cases(),
        serve::cases(),
        spreadsheets::cases(),
        sockets::database_cases(),
        blocked_log::cases(),
        shutdown::cases(),
        systemd::database_cases(),
    ] {
        suite.on(Backend::ALL, &cases);
    }
    suite.run()
}
