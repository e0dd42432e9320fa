//! An import is killed and run again.

use super::Fault;
use crate::{
    ledger::{Answer, Ask, Ledger},
    server::pause,
    trial::Trial,
};
use anyhow::ensure;
use std::{fmt::Write as _, fs, process::Stdio};

pub struct Import;

impl Fault for Import {
    fn name(&self) -> &'static str {
        "import"
    }

    fn about(&self) -> &'static str {
        "`gochat groups import` is killed at a random time up to 6 times, and repeated until it is through"
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let lines = trial.by_form(20_000, 5_000);
        let mut kills = 0;
        while trial.next_round(10, 2) {
            let home = trial.home()?;
            let (mut ledger, mut file) = (Ledger::default(), String::new());
            for number in 0..lines {
                let [name, token] = ["group", "token"].map(|word| format!("{word}-{number}"));
                let admin_id = trial.rng.i64(1..);
                writeln!(file, r#"{{"name":"{name}","token":"{token}","admin_id":{admin_id}}}"#)?;
                ledger.record(Ask { name, token, admin_id, key: None }, Answer::Open);
            }
            fs::write(home.folder().join("groups.ndjson"), file)?;
            let arguments = ["groups", "import", "groups.ndjson"];
            for _ in 0..6 {
                let mut import = home.launch().command(&arguments).stderr(Stdio::null()).spawn()?;
                pause(trial.millis(0, 150));
                kills += u32::from(import.try_wait()?.is_none());
                import.kill()?;
                import.wait()?;
                let found = ledger.check(&home.stored()?);
                trial.wrong.extend(found.iter().map(ToString::to_string));
            }
            let output = home.launch().command(&arguments).output()?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(output.status.success(), "the last import failed: {said}");
            let rows = home.stored()?;
            trial.wrong.extend(ledger.check(&rows).iter().map(ToString::to_string));
            trial.expect(rows.len() == lines, || format!("{} groups of {lines} lines: {said}", rows.len()));
        }
        trial.note(format!("{kills} kills, {lines} lines a round"));
        Ok(())
    }
}
