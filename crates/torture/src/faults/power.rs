//! PostgreSQL's machine loses its power.

use super::{Fault, POSTGRES};
use crate::{need::Need, server::pause, trial::Trial};
use gochat_test_support::{Backend, Cluster, Namespace};
use std::time::Duration;

pub struct Power;

impl Fault for Power {
    fn name(&self) -> &'static str {
        "power"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL's machine vanishes: no packet and no end of a connection comes from it, its processes are killed; then it is back"
    }

    fn on(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::Namespace]
    }

    fn least(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let machine = Namespace::new()?;
        let cluster = Cluster::with(Cluster::DURABLE).within(&machine).start()?;
        let home = trial.home_on(&cluster)?;
        let mut server = home.start()?;
        while trial.next_round(10, 1) {
            let before = trial.rng.u64(1..150);
            trial.under_load(&home, &[server.port], |load, trial| {
                load.more_created(before)?;
                machine.cut()?;
                cluster.kill()?;
                pause(trial.millis(0, 8_000));
                machine.restore()?;
                cluster.start_again()?;
                load.more_created(20)
            })?;
            trial.check(&home)?;
        }
        server.terminate()?;
        trial.finish(&home)
    }
}
