//! The faults, one a file.

mod balancer;
mod bodies;
mod clock;
mod commit_answer;
mod crash;
mod disk_full;
mod end_backends;
mod failover;
mod file_damaged;
mod file_gone;
mod file_limit;
mod flood;
mod freeze;
mod german;
mod guess;
mod idle;
mod import;
mod kill;
mod limits;
mod lock;
mod log;
mod migrate;
mod packets;
mod pgbouncer;
mod power;
mod read_only;
mod slow;
mod stop;
mod terminate;
mod unread;

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

    /// Those of them on which the short form does it.
    fn short_on(&self) -> &'static [Backend] {
        self.on()
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
        &crash::Postmaster,
        &freeze::Freeze,
        &end_backends::EndBackends,
        &commit_answer::CommitAnswer,
        &failover::Failover,
        &pgbouncer::BehindPgBouncer,
        &german::German,
        &packets::Packets,
        &power::Power,
        &disk_full::DiskFull,
        &file_limit::FileLimit,
        &read_only::ReadOnly,
        &file_gone::FileDeleted,
        &file_gone::FileReplaced,
        &file_damaged::FileCut,
        &file_damaged::FileShortened,
        &file_damaged::FileCorrupted,
        &lock::Lock,
        &balancer::Balancer,
        &import::Import,
        &flood::FloodBody,
        &flood::FloodPipeline,
        &slow::SlowHeads,
        &slow::SlowBodies,
        &unread::Unread,
        &idle::Idle,
        &idle::Descriptors,
        &bodies::Gigabyte,
        &bodies::GzipBomb,
        &guess::Guess,
        &limits::Memory,
        &limits::Threads,
        &clock::Clock,
        &log::LogStalled,
        &log::LogFull,
    ]
}
