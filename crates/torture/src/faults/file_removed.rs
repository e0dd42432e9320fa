//! The files of SQLite are removed or replaced while the server runs.

use super::{Fault, SQLITE};
use crate::trial::Trial;
use anyhow::Context;
use gochat_test_support::Backend;
use std::{
    fs,
    path::{Path, PathBuf},
};

pub struct FileDeleted;

pub struct FileReplaced;

impl Fault for FileDeleted {
    fn name(&self) -> &'static str {
        "file-deleted"
    }

    fn about(&self) -> &'static str {
        "the database, its log or the log's index is removed under load: nothing is acknowledged until it is put back"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, |path, _| Ok(fs::remove_file(path)?))
    }
}

impl Fault for FileReplaced {
    fn name(&self) -> &'static str {
        "file-replaced"
    }

    fn about(&self) -> &'static str {
        "a copy takes the place of the database, its log or the log's index: nothing is acknowledged until it is put back"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        run(trial, |path, aside| {
            fs::copy(path, aside)?;
            Ok(fs::rename(aside, path)?)
        })
    }
}

fn run(trial: &mut Trial, inject: impl Fn(&Path, &Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let deployment = trial.deployment()?;
    let files = files(&deployment.file())?;
    super::rounds(trial, &deployment, [20, 3], |load, trial, _| {
        let file = &files[trial.rng.usize(..files.len())];
        // A second hard link to the file that the server has open.
        let kept = deployment.folder().join("kept");
        fs::hard_link(file, &kept)?;
        inject(file, &deployment.folder().join("aside"))?;
        load.expect_nothing_stored(true);
        load.wait_for_503s(trial.rng.u64(1..30))?;
        load.expect_nothing_stored(false);
        Ok(fs::rename(&kept, file)?)
    })
}

/// The database, its log and the log's index.
fn files(database: &Path) -> anyhow::Result<[PathBuf; 3]> {
    let name = database.to_str().context("the folder of temporary files is not UTF-8")?;
    Ok(["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{name}{end}"))))
}
