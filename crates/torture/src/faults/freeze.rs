//! PostgreSQL is frozen, while its machine still acknowledges what arrives.

use super::{Fault, POSTGRES};
use crate::{server::pause, trial::Trial};
use gochat_test_support::{Backend, Cluster};
use std::time::Duration;

pub struct Freeze;

impl Fault for Freeze {
    fn name(&self) -> &'static str {
        "freeze"
    }

    fn about(&self) -> &'static str {
        "SIGSTOP of PostgreSQL for 1 to 20 s, 503 within `database.timeout`, then SIGCONT"
    }

    fn on(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn least(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let cluster = Cluster::start(Cluster::DURABLE)?;
        let home = trial.home_on(&cluster)?;
        let mut server = home.start()?;
        while trial.next_round(10, 1) {
            let before = trial.rng.u64(1..150);
            let most = trial.by_form(20_000, 7_000);
            let time = trial.millis(1_000, most);
            trial.under_load(&home, &[server.port], |load, _| {
                load.more_created(before)?;
                cluster.pause()?;
                pause(time);
                cluster.resume()?;
                load.more_created(20)
            })?;
            trial.check(&home)?;
        }
        server.terminate()?;
        trial.finish(&home)
    }
}
