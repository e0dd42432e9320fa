//! PostgreSQL is killed.

use super::{Fault, POSTGRES, stop};
use crate::{trial::Trial, wait::wait_for};
use anyhow::Context;
use gochat_test_support::{Backend, Cluster};
use procfs::process::{ProcState, Process};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

pub struct Crash;

pub struct Postmaster;

impl Fault for Crash {
    fn name(&self) -> &'static str {
        "crash"
    }

    fn about(&self) -> &'static str {
        "SIGKILL of all processes of PostgreSQL; it recovers from its log"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        stop::run(trial, Cluster::kill)
    }
}

impl Fault for Postmaster {
    fn name(&self) -> &'static str {
        "postmaster"
    }

    fn about(&self) -> &'static str {
        "SIGKILL of PostgreSQL's postmaster alone; its backends end by themselves"
    }

    fn backends(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        stop::run(trial, |cluster| {
            let file = fs::read_to_string(cluster.folder().join("data/postmaster.pid"))?;
            let id: i32 = file.lines().next().unwrap_or_default().parse()?;
            let postmaster = Pid::from_raw(id).context("a postmaster without an id")?;
            // A stopped postmaster starts no other process.
            kill_process(postmaster, Signal::STOP)?;
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
            kill_process(postmaster, Signal::KILL)?;
            wait_for("the backends to end after their postmaster", || {
                let ended = children.split_whitespace().map(has_ended).collect::<anyhow::Result<Vec<_>>>()?;
                Ok(ended.into_iter().all(|ended| ended).then_some(()))
            })?;
            // The processes have ended; this removes what they left behind, such as shared memory and the lock files.
            cluster.kill()
        })
    }
}

/// Returns whether a process is gone or a zombie.
fn has_ended(id: &str) -> anyhow::Result<bool> {
    let state = Process::new(id.parse()?).and_then(|process| process.stat()?.state());
    Ok(state.map_or(true, |state| matches!(state, ProcState::Zombie | ProcState::Dead)))
}
