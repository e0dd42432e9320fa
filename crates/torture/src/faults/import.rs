//! An import is killed and repeated.

use super::Fault;
use crate::{
    ledger::{Answer, CreateRequest, Ledger},
    process::{self, Process},
    trial::Trial,
    wait::pause,
};
use anyhow::Context;
use std::{fmt::Write as _, fs, process::Stdio};

pub struct Import;

impl Fault for Import {
    fn name(&self) -> &'static str {
        "import"
    }

    fn about(&self) -> &'static str {
        "`gochat groups import` is killed at random times, up to 6 times a round; then an import runs to its end"
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let lines = trial.by_form(20_000, 5_000);
        let mut kills = 0;
        while trial.next_round(10, 2) {
            let deployment = trial.deployment()?;
            let (mut ledger, mut file) = (Ledger::default(), String::new());
            for number in 0..lines {
                let [name, token] = ["group", "token"].map(|word| format!("{word}-{number}"));
                let admin_id = trial.rng.i64(1..);
                writeln!(file, r#"{{"name":"{name}","token":"{token}","admin_id":{admin_id}}}"#)?;
                ledger.record(CreateRequest { name, token, admin_id, key: None }, Answer::Unknown);
            }
            fs::write(deployment.folder().join("groups.ndjson"), file)?;
            let arguments = ["groups", "import", "groups.ndjson"];
            for _ in 0..6 {
                let mut import = Process::spawn(
                    deployment.launch().command(&arguments).stdin(Stdio::null()).stderr(Stdio::null()),
                )?;
                pause(trial.random_millis(0, 150));
                kills += u32::from(import.status()?.is_none());
                import.kill()?;
                trial.compare(&ledger, &deployment.stored()?);
            }
            let last =
                process::run(&mut deployment.launch().command(&arguments)).context("the last import")?;
            let said = String::from_utf8_lossy(&last.stderr).into_owned();
            let rows = deployment.stored()?;
            trial.compare(&ledger, &rows);
            trial.expect(rows.len() == lines, || format!("{} groups of {lines} lines: {said}", rows.len()));
            // An import that ends successfully acknowledges each line.
            trial.tally.requests += lines as u64;
            trial.tally.created += lines as u64;
        }
        trial.tally.broken += u64::from(kills);
        trial.note(format!(
            "each of the {lines} lines of a round counts as a request, {kills} imports were killed"
        ));
        Ok(())
    }
}
