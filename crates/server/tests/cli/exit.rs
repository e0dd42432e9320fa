//! Process exit while threads are still working.

use crate::process::{run, run_with_variables};
use gochat_test_support::{Case, Cluster, TestDatabase, cases};
use std::thread;

pub fn openssl_cases() -> Vec<Case> {
    cases![a_command_exits_cleanly_while_connections_are_being_opened]
}

/// A dry run looks up many names at once, so connections are still being opened when it has all answers.
fn a_command_exits_cleanly_while_connections_are_being_opened(_: TestDatabase) -> anyhow::Result<()> {
    const LINES: usize = 40;
    /// Many processes open many connections at once.
    const LONG_TIMEOUT: [(&str, &str); 1] = [("GOCHAT__DATABASE__TIMEOUT", "60s")];
    let cluster = Cluster::with(Cluster::FAST).with_certificate().start()?;
    let database = cluster.database()?;
    let encrypted = format!("{}?sslmode=require", database.url());
    let database = database.through(&encrypted);
    assert_eq!(run(&database, &["migrate"]).code, Some(0));
    let lines: Vec<_> = (0..LINES).map(|number| format!("g{number},t,1")).collect();
    let file = format!("name,token,admin_id\n{}\n", lines.join("\n"));
    let dry_runs = || {
        for _ in 0..15 {
            let arguments = ["groups", "import", "--format", "csv", "--dry-run", "-"];
            let ended = run_with_variables(&database, &LONG_TIMEOUT, &arguments, file.as_bytes());
            let message = format!("dry run: {LINES} to create, already existing 0, refused 0\n");
            assert_eq!((ended.code, ended.stderr), (Some(0), message));
        }
    };
    thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(dry_runs))));
    Ok(())
}
