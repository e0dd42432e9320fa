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
mod file_limit;
mod file_removed;
mod flood;
mod freeze;
mod guess;
mod idle;
mod import;
mod locale;
mod lock;
mod log;
mod migrate;
mod network;
mod pgbouncer;
mod process_end;
mod read_only;
mod resource_limits;
mod slow;
mod stop;
mod unread;

use crate::{deployment::Deployment, load::Load, requirement::Requirement, server::Server, trial::Trial};
use gochat_test_support::Backend;
use std::time::Duration;

/// Something that happens to the service while clients use it.
pub trait Fault: Sync {
    /// The name for `--only`.
    fn name(&self) -> &'static str;

    /// What is done, in one line.
    fn about(&self) -> &'static str;

    /// The databases on which it is done.
    fn backends(&self) -> &'static [Backend] {
        &Backend::ALL
    }

    /// Whether it takes so long that the short form does it on one of its databases, which the seed chooses.
    fn is_long(&self) -> bool {
        false
    }

    /// What it needs beyond them.
    fn requirements(&self) -> &'static [Requirement] {
        &[]
    }

    /// About the time of one round. With less time left, the short form leaves it out.
    fn round_time(&self) -> Duration {
        Duration::from_secs(3)
    }

    /// Does it, and writes down in the trial what was wrong. An error is wrong, too.
    fn run(&self, trial: &mut Trial) -> anyhow::Result<()>;
}

const POSTGRES: &[Backend] = &[Backend::Postgres];
const SQLITE: &[Backend] = &[Backend::Sqlite];

/// Hurts one server under load in rounds, so many in the long form and in the short one, each after a random number of creates; it
/// has to go on by itself, or as the one that took its place.
fn rounds(
    trial: &mut Trial,
    deployment: &Deployment,
    [long, short]: [u32; 2],
    mut inject: impl FnMut(&Load, &mut Trial, &mut Server) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut server = deployment.start()?;
    while trial.next_round(long, short) {
        let [before, after] = [trial.rng.u64(1..150), trial.rng.u64(1..50)];
        trial.under_load(deployment, &[server.port], |load, trial| {
            load.more_created(before)?;
            inject(load, trial, &mut server)?;
            load.more_created(after)
        })?;
        trial.check(deployment)?;
    }
    let code = server.terminate()?;
    trial.expect(code == Some(0), || format!("it ended with {code:?}: {}", server.log_tail()));
    trial.finish(deployment)
}

/// All faults by kind, in the order in which the long form runs them.
pub fn kinds() -> [&'static [&'static dyn Fault]; 5] {
    [
        // What ends the service.
        &[
            &process_end::Kill,
            &process_end::Terminate,
            &migrate::Migrate,
            &balancer::Balancer,
            &import::Import,
        ],
        // What happens to PostgreSQL, and on the way to it.
        &[
            &stop::StopFast,
            &stop::StopImmediate,
            &crash::Crash,
            &crash::Postmaster,
            &freeze::Freeze,
            &end_backends::EndBackends,
            &commit_answer::CommitAnswer,
            &failover::Failover,
            &pgbouncer::BehindPgBouncer,
            &locale::German,
            &network::Packets,
            &network::Power,
        ],
        // What happens to the files of SQLite.
        &[
            &disk_full::DiskFull,
            &file_limit::FileLimit,
            &read_only::ReadOnly,
            &file_removed::FileDeleted,
            &file_removed::FileReplaced,
            &file_damaged::FileCut,
            &file_damaged::FileShortened,
            &file_damaged::FileCorrupted,
            &lock::Lock,
        ],
        // Clients.
        &[
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
        ],
        // What the machine gives.
        &[
            &resource_limits::Memory,
            &resource_limits::Threads,
            &clock::Clock,
            &log::LogStalled,
            &log::LogFull,
        ],
    ]
}
