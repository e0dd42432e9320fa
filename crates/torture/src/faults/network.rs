//! PostgreSQL's machine disappears from the network, and returns.

use super::{Fault, POSTGRES};
use crate::{requirement::Requirement, trial::Trial, wait::pause};
use gochat_test_support::{Backend, Cluster, Namespace};
use std::time::Duration;

/// A fault of the machine on which PostgreSQL runs.
pub struct MachineFault {
    name: &'static str,
    about: &'static str,
    inject: fn(&mut Trial, &Namespace, &Cluster) -> anyhow::Result<()>,
}

/// The network drops packets, while PostgreSQL goes on.
pub const PACKETS: MachineFault = MachineFault {
    name: "packets",
    about: "every packet to and from PostgreSQL's machine is dropped silently for 1 to 12 s",
    inject: |trial, machine, _| {
        machine.cut()?;
        pause(trial.random_millis(1_000, 12_000));
        machine.restore()
    },
};

/// The machine loses its power.
pub const POWER: MachineFault = MachineFault {
    name: "power",
    about: "PostgreSQL's machine disappears: it sends nothing more, its processes are killed; then it returns",
    inject: |trial, machine, cluster| {
        machine.cut()?;
        cluster.kill()?;
        pause(trial.random_millis(0, 8_000));
        machine.restore()?;
        cluster.start_again()
    },
};

impl Fault for MachineFault {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::Namespace]
    }

    fn round_time(&self) -> Duration {
        Duration::from_secs(15)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let machine = Namespace::new()?;
        let cluster = Cluster::with(Cluster::DURABLE).within(&machine).start()?;
        let deployment = trial.deployment_on(&cluster)?;
        super::rounds(trial, &deployment, [10, 1], |_, trial, _| (self.inject)(trial, &machine, &cluster))
    }
}
