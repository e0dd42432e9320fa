//! Three servers behind HAProxy, one of which is killed each second.

use super::{Fault, POSTGRES};
use crate::{requirement::Requirement, trial::Trial, wait::pause};
use gochat_test_support::{Backend, HaProxy, free_port};
use std::time::Duration;

pub struct Balancer;

/// Servers behind HAProxy.
const SERVERS: usize = 3;

impl Fault for Balancer {
    fn name(&self) -> &'static str {
        "balancer"
    }

    fn about(&self) -> &'static str {
        "three servers behind HAProxy on one PostgreSQL; once a second, one of them is killed and started again"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::HaProxy]
    }

    fn round_time(&self) -> Duration {
        Duration::from_secs(12)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let deployment = trial.deployment()?;
        let mut servers = Vec::new();
        for _ in 0..SERVERS {
            servers.push(deployment.launch().spawn([free_port()?, free_port()?])?.wait_until_live()?);
        }
        let ports: Vec<_> = servers.iter().map(|server| [server.port, server.admin_port]).collect();
        let proxy = HaProxy::in_front_of(&ports)?;
        trial.under_load(&deployment, &[proxy.port()], |load, trial| {
            // HAProxy's own replies: 502 if a server is lost before it answers, 504 if a server does not answer in time.
            load.tolerate(&[502, 504]);
            load.wait_for_creates(20)?;
            while trial.next_round(60, 8) {
                let number = trial.rng.usize(..SERVERS);
                servers[number].kill()?;
                pause(Duration::from_millis(500));
                servers[number] = deployment.launch().spawn(ports[number])?.wait_until_live()?;
                pause(Duration::from_millis(500));
            }
            load.wait_for_creates(20)
        })?;
        for server in &mut servers {
            server.terminate()?;
        }
        trial.finish(&deployment)
    }
}
