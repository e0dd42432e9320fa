//! A PostgreSQL server with messages in another language.

use super::{Fault, POSTGRES, end_backends::end_all};
use crate::{requirement::Requirement, trial::Trial, wait::pause};
use gochat_test_support::{Backend, Cluster, Shutdown};
use std::time::Duration;

pub struct German;

impl Fault for German {
    fn name(&self) -> &'static str {
        "german"
    }

    fn about(&self) -> &'static str {
        "PostgreSQL with German messages: backends are ended, it stops fast, a lock is held for 8 s"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::German]
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let cluster = Cluster::with(Cluster::DURABLE).set("lc_messages", "de_DE.UTF-8").start()?;
        let deployment = trial.deployment_on(&cluster)?;
        super::rounds(trial, &deployment, [15, 3], |_, trial, _| match trial.rounds() % 3 {
            0 => {
                let mut lock = deployment.sql()?;
                lock.execute("BEGIN; LOCK TABLE groups IN ACCESS EXCLUSIVE MODE")?;
                pause(Duration::from_secs(8));
                lock.execute("ROLLBACK")
            }
            1 => end_all(&deployment, trial),
            _ => {
                cluster.stop(Shutdown::Fast)?;
                pause(trial.random_millis(0, 1_000));
                cluster.start_again()
            }
        })?;
        let log = cluster.log();
        trial.expect(log.contains("FEHLER") || log.contains("FATAL:  Verbindung"), || {
            "PostgreSQL did not speak German".to_owned()
        });
        Ok(())
    }
}
