//! PostgreSQL is stopped and started again.

use super::{Fault, POSTGRES};
use crate::{trial::Trial, wait::pause};
use gochat_test_support::{Backend, Cluster, Shutdown};

pub struct StopFast;

pub struct StopImmediate;

impl Fault for StopFast {
    fn name(&self) -> &'static str {
        "stop-fast"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL stops fast, is away for up to 2 s, and starts again"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, |cluster| cluster.stop(Shutdown::Fast))
    }
}

impl Fault for StopImmediate {
    fn name(&self) -> &'static str {
        "stop-immediate"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL stops at once, is away for up to 2 s, and recovers from its log"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, |cluster| cluster.stop(Shutdown::Immediate))
    }
}

/// Stops a cluster repeatedly; the server must recover by itself.
pub(super) fn run(trial: &mut Trial, end: impl Fn(&Cluster) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::DURABLE)?;
    let deployment = trial.deployment_on(&cluster)?;
    super::rounds(trial, &deployment, [20, 2], |_, trial, _| {
        end(&cluster)?;
        pause(trial.random_millis(0, 2_000));
        cluster.start_again()
    })
}
