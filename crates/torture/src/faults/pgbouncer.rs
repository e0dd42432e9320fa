//! What happens behind PgBouncer.

use super::{Fault, POSTGRES, end_backends::end_all};
use crate::{need::Need, trial::Trial, wait::pause};
use gochat_test_support::{Backend, Cluster, PgBouncer, Shutdown};

pub struct BehindPgBouncer;

impl Fault for BehindPgBouncer {
    fn name(&self) -> &'static str {
        "pgbouncer"
    }

    fn about(&self) -> &'static str {
        "behind PgBouncer in transaction mode: backends are ended, PostgreSQL stops, the server is killed"
    }

    fn on(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn needs(&self) -> &'static [Need] {
        &[Need::PgBouncer]
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let cluster = Cluster::start(Cluster::DURABLE)?;
        let home = trial.home_on(&cluster)?;
        let pgbouncer = PgBouncer::in_front_of(&home.url)?;
        let url = pgbouncer.url(&home.url)?;
        let home = home.through(&url).set("GOCHAT__DATABASE__PREPARED_STATEMENTS", "false");
        super::rounds(trial, &home, [30, 3], |_, trial, server| match trial.rounds() % 3 {
            0 => {
                let ports = [server.port, server.admin_port];
                server.kill()?;
                *server = home.launch().spawn(ports)?.listens()?;
                Ok(())
            }
            1 => end_all(&home, trial),
            _ => {
                cluster.stop(Shutdown::Immediate)?;
                pause(trial.millis(0, 1_000));
                cluster.start_again()
            }
        })
    }
}
