//! The server may not enlarge a file, as with `LimitFSIZE` of systemd or a quota.

use super::{Fault, SQLITE};
use crate::trial::Trial;
use gochat_test_support::Backend;

pub struct FileLimit;

impl Fault for FileLimit {
    fn name(&self) -> &'static str {
        "file-limit"
    }

    fn about(&self) -> &'static str {
        "RLIMIT_FSIZE of one page under load, so that no file of the database can grow; then the limit is lifted"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        super::rounds(trial, &deployment, [20, 3], |load, trial, server| {
            server.limit("fsize", "4096")?;
            load.wait_for_503s(trial.rng.u64(1..30))?;
            server.limit("fsize", "unlimited")?;
            let alive = server.is_alive()?;
            trial.expect(alive, || format!("the limit ended the server: {}", server.log_tail()));
            Ok(())
        })
    }
}
