//! The faults, one per file.

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
mod lines;
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

/// A fault that is injected while clients use the service.
pub trait Fault: Sync {
    /// The name for `--only`.
    fn name(&self) -> &'static str;

    /// A description in one line.
    fn about(&self) -> &'static str;

    /// The databases on which it runs.
    fn backends(&self) -> &'static [Backend] {
        &Backend::ALL
    }

    /// Returns whether it takes long, so that the short form runs it on only one database, which the seed chooses.
    fn is_long(&self) -> bool {
        false
    }

    /// Its requirements beyond the databases.
    fn requirements(&self) -> &'static [Requirement] {
        &[]
    }

    /// The approximate time of one round. If less time is left, the short form skips it.
    fn round_time(&self) -> Duration {
        Duration::from_secs(3)
    }

    /// Runs it, and records failures in the trial. An error is a failure, too.
    fn run(&self, trial: &mut Trial) -> anyhow::Result<()>;
}

const POSTGRES: &[Backend] = &[Backend::Postgres];
const SQLITE: &[Backend] = &[Backend::Sqlite];

/// Injects a fault into one server under load, in `long` rounds in the long form and `short` rounds in the short form. Each round
/// injects it after a random number of creates. Afterwards the server, or the one that replaced it, must serve again.
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
            load.wait_for_creates(before)?;
            inject(load, trial, &mut server)?;
            load.wait_for_creates(after)
        })?;
        trial.check(deployment)?;
    }
    let code = server.terminate()?;
    trial.expect(code == Some(0), || format!("the server ended with {code:?}: {}", server.log_tail()));
    trial.finish(deployment)
}

/// All faults by kind, in the order in which the long form runs them.
pub fn kinds() -> [&'static [&'static dyn Fault]; 5] {
    [
        // The end of the service.
        &[
            &process_end::Kill,
            &process_end::Terminate,
            &migrate::Migrate,
            &balancer::Balancer,
            &import::Import,
            &lines::Lines,
        ],
        // PostgreSQL, and the network to it.
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
            &network::PACKETS,
            &network::POWER,
        ],
        // The files of SQLite.
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
        // The resources of the machine.
        &[
            &resource_limits::Memory,
            &resource_limits::Threads,
            &clock::Clock,
            &log::LogStalled,
            &log::LogFull,
        ],
    ]
}
