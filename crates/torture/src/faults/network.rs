//! PostgreSQL's machine disappears from the network.

use super::{Fault, POSTGRES};
use crate::{requirement::Requirement, trial::Trial, wait::pause};
use gochat_test_support::{Backend, Cluster, Namespace};
use std::time::Duration;

pub struct Packets;

pub struct Power;

impl Fault for Packets {
    fn name(&self) -> &'static str {
        "packets"
    }

    fn about(&self) -> &'static str {
        "every packet to and from PostgreSQL's machine is dropped silently for 1 to 12 s"
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
        run(trial, |trial, machine, _| {
            machine.cut()?;
            pause(trial.millis(1_000, 12_000));
            machine.restore()
        })
    }
}

impl Fault for Power {
    fn name(&self) -> &'static str {
        "power"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL's machine disappears: it sends nothing more, its processes are killed; then it returns"
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
        run(trial, |trial, machine, cluster| {
            machine.cut()?;
            cluster.kill()?;
            pause(trial.millis(0, 8_000));
            machine.restore()?;
            cluster.start_again()
        })
    }
}

fn run(
    trial: &mut Trial,
    inject: impl Fn(&mut Trial, &Namespace, &Cluster) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let machine = Namespace::new()?;
    let cluster = Cluster::with(Cluster::DURABLE).within(&machine).start()?;
    let deployment = trial.deployment_on(&cluster)?;
    super::rounds(trial, &deployment, [10, 1], |_, trial, _| inject(trial, &machine, &cluster))
}
