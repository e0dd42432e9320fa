//! The primary is lost, and its synchronous standby is promoted.

use super::{Fault, POSTGRES};
use crate::trial::Trial;
use anyhow::Context;
use gochat_test_support::{Backend, Cluster};
use std::time::Duration;

pub struct Failover;

impl Fault for Failover {
    fn name(&self) -> &'static str {
        "failover"
    }

    fn about(&self) -> &'static str {
        "SIGKILL of the primary under load; the synchronous standby is promoted, and has every group"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn round_time(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        while trial.next_round(10, 1) {
            let primary = Cluster::start(Cluster::DURABLE)?;
            let mut deployment = trial.deployment_on(&primary)?;
            let standby = primary.synchronous_standby()?;
            let database = deployment.url.rsplit('/').next().context("a URL without a database")?.to_owned();
            deployment.url = primary.failover_url(&standby, &database);
            let mut server = deployment.start()?;
            let before = trial.rng.u64(1..300);
            trial.under_load(&deployment, &[server.port], |load, _| {
                load.wait_for_creates(before)?;
                primary.kill()?;
                standby.promote()?;
                load.wait_for_creates(50)
            })?;
            server.terminate()?;
            deployment.direct_url = standby.url(&database);
            trial.finish(&deployment)?;
        }
        Ok(())
    }
}
