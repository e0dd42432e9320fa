//! PostgreSQL is frozen, while its machine still acknowledges packets.

use super::{Fault, POSTGRES};
use crate::{
    trial::Trial,
    wait::{pause, wait_at_most},
};
use gochat_test_support::{Backend, Cluster};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

pub struct Freeze;

/// `database.timeout`.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Longest time to an answer, also on a slow machine.
const LONGEST: Duration = Duration::from_secs(10);

impl Fault for Freeze {
    fn name(&self) -> &'static str {
        "freeze"
    }

    fn about(&self) -> &'static str {
        "SIGSTOP of PostgreSQL for 1 to 20 s, 503 within `database.timeout`, then SIGCONT"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn round_time(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let cluster = Cluster::start(Cluster::DURABLE)?;
        let deployment = trial.deployment_on(&cluster)?;
        let most = trial.by_form([1_000, 20_000], [7_000, 9_000]);
        super::rounds(trial, &deployment, [10, 1], |load, trial, _| {
            let time = trial.random_millis(most[0], most[1]);
            let frozen_at = Instant::now();
            cluster.pause()?;
            if time > TIMEOUT + Duration::from_secs(1) {
                // The creates in flight and later ones must be answered 503.
                wait_at_most(LONGEST, "a 503 while PostgreSQL is frozen", || {
                    Ok((load.unavailable.load(Ordering::Relaxed) > 0).then_some(()))
                })?;
            }
            pause(time.saturating_sub(frozen_at.elapsed()));
            cluster.resume()
        })?;
        let longest = trial.tally.longest;
        trial.expect(longest < LONGEST, || {
            format!("an answer took {longest:?}, with a timeout of {TIMEOUT:?}")
        });
        Ok(())
    }
}
