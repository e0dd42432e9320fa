//! The disk is full for a while.

use super::{Fault, SQLITE};
use crate::{requirement::Requirement, trial::Trial};
use gochat_test_support::{Backend, SmallDisk};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

pub struct DiskFull;

/// Size of the disk, in MiB. A database with its log takes about half of it.
const MEBIBYTES: u32 = 16;

impl Fault for DiskFull {
    fn name(&self) -> &'static str {
        "disk-full"
    }

    fn about(&self) -> &'static str {
        "the disk of 16 MiB is filled to its last byte under load, and then freed"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn requirements(&self) -> &'static [Requirement] {
        &[Requirement::SmallDisk]
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        while trial.next_round(20, 2) {
            let disk = SmallDisk::new(MEBIBYTES)?;
            let deployment =
                trial.bare_deployment()?.with_database_at(&disk.path().join("gochat.sqlite")).with_key()?;
            let mut server = deployment.start()?;
            let ballast = disk.path().join("ballast");
            trial.under_load(&deployment, &[server.port], |load, trial| {
                for _ in 0..trial.by_form(5, 2) {
                    load.wait_for_creates(trial.rng.u64(1..50))?;
                    fill(&ballast)?;
                    // Groups that fit into the existing files may still be stored.
                    load.wait_for_503s(trial.rng.u64(1..30))?;
                    fs::remove_file(&ballast)?;
                    load.wait_for_creates(20)?;
                }
                Ok(())
            })?;
            server.terminate()?;
            trial.finish(&deployment)?;
        }
        Ok(())
    }
}

/// Writes until no more byte fits.
fn fill(ballast: &Path) -> anyhow::Result<()> {
    let mut file = File::create(ballast)?;
    for size in [1 << 20, 4096, 1] {
        let block = vec![0; size];
        while file.write_all(&block).is_ok() {}
    }
    Ok(())
}
