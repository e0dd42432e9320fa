//! The binary as whoever runs it sees it: commands, exit codes, output, signals, logs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::needless_pass_by_value, clippy::unnecessary_wraps, reason = "every case has the same shape")]

#[path = "cli/clock.rs"]
mod clock;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/crowds.rs"]
mod crowds;
#[path = "cli/exit.rs"]
mod exit;
#[path = "cli/export.rs"]
mod export;
#[path = "cli/file.rs"]
mod file;
#[path = "cli/frozen.rs"]
mod frozen;
#[path = "cli/healthcheck.rs"]
mod healthcheck;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/interrupted.rs"]
mod interrupted;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/process.rs"]
mod process;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/shown.rs"]
mod shown;
#[path = "cli/sockets.rs"]
mod sockets;
#[path = "cli/spreadsheets.rs"]
mod spreadsheets;
#[path = "cli/stalled.rs"]
mod stalled;
#[path = "cli/stop.rs"]
mod stop;
#[path = "cli/systemd.rs"]
mod systemd;
#[path = "cli/teaching.rs"]
mod teaching;

use gochat_test_support::{Backend, Need, Suite};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut suite = Suite::new();
    for cases in [
        configuration::cases(),
        healthcheck::cases(),
        refusals::cases(),
        secrets::cases(),
        shown::cases(),
        sockets::cases(),
        systemd::cases(),
        teaching::cases(),
    ] {
        for (name, case) in cases {
            suite.add(name, case);
        }
    }
    suite.on([Backend::Postgres], &configuration::postgres_cases());
    suite.on([Backend::Sqlite], &file::sqlite_cases());
    suite.on([Backend::Postgres], &crowds::postgres_cases());
    suite.on([Backend::Postgres], &frozen::postgres_cases());
    suite.on([Backend::Postgres], &serve::postgres_cases());
    suite.on([Backend::Postgres], &stop::postgres_cases());
    suite.on_with(Need::FakeTime, Backend::ALL, &clock::cases());
    suite.on_with(Need::OpenSsl, [Backend::Postgres], &exit::openssl_cases());
    for cases in [
        configuration::database_cases(),
        crowds::cases(),
        export::cases(),
        healthcheck::database_cases(),
        import::cases(),
        interrupted::cases(),
        keys::cases(),
        logs::cases(),
        secrets::database_cases(),
        serve::cases(),
        spreadsheets::cases(),
        sockets::database_cases(),
        stalled::cases(),
        stop::cases(),
        systemd::database_cases(),
    ] {
        suite.on(Backend::ALL, &cases);
    }
    suite.run()
}
