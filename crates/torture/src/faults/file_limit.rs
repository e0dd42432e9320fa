//! The server may not make a file larger, as with `LimitFSIZE` of systemd or a quota.

use super::{Fault, SQLITE};
use crate::trial::Trial;
use anyhow::ensure;
use gochat_test_support::Backend;
use std::process::Command;

pub struct FileLimit;

impl Fault for FileLimit {
    fn name(&self) -> &'static str {
        "file-limit"
    }

    fn about(&self) -> &'static str {
        "RLIMIT_FSIZE of one page under load, so that no file of the database can be written, and lifted"
    }

    fn on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let home = trial.home()?;
        let mut server = home.start()?;
        let limit = |bytes: &str| {
            let pid = server.pid().to_string();
            let status =
                Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:")]).status()?;
            ensure!(status.success(), "prlimit failed");
            anyhow::Ok(())
        };
        while trial.next_round(20, 3) {
            trial.under_load(&home, &[server.port], |load, trial| {
                load.more_created(trial.rng.u64(1..50))?;
                limit("4096")?;
                load.more_unavailable(trial.rng.u64(1..30))?;
                limit("unlimited")?;
                load.more_created(20)
            })?;
            trial.check(&home)?;
        }
        let alive = server.is_alive()?;
        trial.expect(alive, || "the limit ended the server".to_owned());
        server.terminate()?;
        trial.finish(&home)
    }
}
