//! An administrator ends PostgreSQL's backends repeatedly.

use super::{Fault, POSTGRES};
use crate::{deployment::Deployment, trial::Trial, wait::pause};
use gochat_test_support::Backend;

pub struct EndBackends;

impl Fault for EndBackends {
    fn name(&self) -> &'static str {
        "end-backends"
    }

    fn about(&self) -> &'static str {
        "`pg_terminate_backend` of every connection, 20 times with up to 100 ms between"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        super::rounds(trial, &deployment, [20, 2], |_, trial, _| end_all(&deployment, trial))
    }
}

/// Ends all connections except its own, 20 times.
pub(super) fn end_all(deployment: &Deployment, trial: &mut Trial) -> anyhow::Result<()> {
    let mut sql = deployment.sql()?;
    for _ in 0..20 {
        sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )?;
        pause(trial.random_millis(0, 100));
    }
    Ok(())
}
