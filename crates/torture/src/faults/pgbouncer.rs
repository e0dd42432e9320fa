//! Faults behind PgBouncer.

use super::{Fault, POSTGRES, end_backends::end_all};
use crate::{requirement::Requirement, trial::Trial, wait::pause};
use gochat_test_support::{Backend, Cluster, PgBouncer, Shutdown};

pub struct BehindPgBouncer;

impl Fault for BehindPgBouncer {
    fn name(&self) -> &'static str {
        "pgbouncer"
    }

    fn about(&self) -> &'static str {
        "behind PgBouncer in transaction mode: backends are ended, PostgreSQL stops, the server is killed"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::PgBouncer]
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let cluster = Cluster::start(Cluster::DURABLE)?;
        let deployment = trial.deployment_on(&cluster)?;
        let pgbouncer = PgBouncer::in_front_of(&deployment.url)?;
        let url = pgbouncer.url(&deployment.url)?;
        let deployment =
            deployment.with_url(&url).with_setting("GOCHAT__DATABASE__PREPARED_STATEMENTS", "false");
        super::rounds(trial, &deployment, [30, 3], |_, trial, server| match trial.rounds() % 3 {
            0 => {
                let ports = [server.port, server.admin_port];
                server.kill()?;
                *server = deployment.launch().spawn(ports)?.wait_until_live()?;
                Ok(())
            }
            1 => end_all(&deployment, trial),
            _ => {
                cluster.stop(Shutdown::Immediate)?;
                pause(trial.random_millis(0, 1_000));
                cluster.start_again()
            }
        })
    }
}
