//! The faults, one a file.

mod balancer;
mod commit_answer;
mod crash;
mod end_backends;
mod failover;
mod freeze;
mod german;
mod import;
mod kill;
mod migrate;
mod packets;
mod pgbouncer;
mod power;
mod stop;
mod terminate;

use crate::{need::Need, trial::Trial};
use gochat_test_support::Backend;
use std::time::Duration;

/// Something that happens to the service while clients use it.
pub trait Fault: Sync {
    /// The name for `--only`.
    fn name(&self) -> &'static str;

    /// What is done, in one line.
    fn about(&self) -> &'static str;

    /// The databases on which it is done.
    fn on(&self) -> &'static [Backend] {
        &Backend::ALL
    }

    /// What it needs beyond them.
    fn needs(&self) -> &'static [Need] {
        &[]
    }

    /// About the time of one round. With less time left, the short form leaves it out.
    fn least(&self) -> Duration {
        Duration::from_secs(3)
    }

    /// Does it, and writes down in the trial what was wrong. An error is wrong, too.
    fn run(&self, trial: &mut Trial) -> anyhow::Result<()>;
}

const POSTGRES: &[Backend] = &[Backend::Postgres];
const SQLITE: &[Backend] = &[Backend::Sqlite];

/// All faults, in the order in which they are run.
pub fn all() -> &'static [&'static dyn Fault] {
    &[
        &kill::Kill,
        &terminate::Terminate,
        &migrate::Migrate,
        &stop::StopFast,
        &stop::StopImmediate,
        &crash::Crash,
        &freeze::Freeze,
        &end_backends::EndBackends,
        &commit_answer::CommitAnswer,
        &failover::Failover,
        &pgbouncer::BehindPgBouncer,
        &german::German,
        &packets::Packets,
        &power::Power,
        &balancer::Balancer,
        &import::Import,
    ]
}
