//! PostgreSQL is killed.

use super::{Fault, POSTGRES, stop};
use crate::trial::Trial;
use gochat_test_support::{Backend, Cluster};

pub struct Crash;

impl Fault for Crash {
    fn name(&self) -> &'static str {
        "crash"
    }

    fn about(&self) -> &'static str {
        "SIGKILL of PostgreSQL's postmaster and all its processes; it recovers from its log"
    }

    fn on(&self) -> &'static [Backend] {
        POSTGRES
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        stop::run(trial, Cluster::kill)
    }
}
