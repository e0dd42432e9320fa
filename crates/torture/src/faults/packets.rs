//! The network to PostgreSQL swallows every packet.

use super::{Fault, POSTGRES};
use crate::{need::Need, server::pause, trial::Trial};
use gochat_test_support::{Backend, Cluster, Namespace};
use std::time::Duration;

pub struct Packets;

impl Fault for Packets {
    fn name(&self) -> &'static str {
        "packets"
    }

    fn about(&self) -> &'static str {
        "every packet to and from PostgreSQL's machine is dropped for 1 to 12 s, and nobody is told"
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
                pause(trial.millis(1_000, 12_000));
                machine.restore()?;
                load.more_created(20)
            })?;
            trial.check(&home)?;
        }
        server.terminate()?;
        trial.finish(&home)
    }
}
