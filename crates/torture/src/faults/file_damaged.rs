//! The database file is truncated or overwritten while the server runs, and then restored from a backup.

use super::{Fault, SQLITE};
use crate::{
    deployment::Deployment,
    load::Load,
    server::Server,
    trial::{LedgerSnapshot, Trial},
    wait::{pause, wait_for},
};
use gochat_test_support::Backend;
use std::{
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::FileExt,
    sync::atomic::Ordering,
};

/// Most of the file is cut off, more than the log can restore.
pub struct FileCut;

/// Only the last pages are cut off, and the log may contain them.
pub struct FileShortened;

pub struct FileCorrupted;

/// Number of groups that no load touches, so that only reads find damage to their pages.
const PREFILLED: usize = 5_000;

/// Size of a SQLite page, in bytes.
const PAGE: u64 = 4096;

impl Fault for FileCut {
    fn name(&self) -> &'static str {
        "file-cut"
    }

    fn about(&self) -> &'static str {
        "the database is truncated to less than half under load: nothing more is acknowledged; the restored backup is complete"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        rounds(trial, |load, trial, file| {
            load.wait_for_creates(10)?;
            // Cuts at least half. If only the last pages were cut, the log might contain all of them and restore them.
            file.set_len(trial.rng.u64(0..file.metadata()?.len() / PAGE / 2) * PAGE)?;
            load.expect_nothing_stored(true);
            load.wait_for_503s(30)?;
            Ok(false)
        })
        .map(drop)
    }
}

impl Fault for FileShortened {
    fn name(&self) -> &'static str {
        "file-shortened"
    }

    fn about(&self) -> &'static str {
        "the database loses its last pages under load: the log restores them, or creates are answered 503"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let survived = rounds(trial, |load, trial, file| {
            load.wait_for_creates(trial.rng.u64(5..100))?;
            let pages = file.metadata()?.len() / PAGE;
            file.set_len((pages - trial.rng.u64(1..=3)) * PAGE)?;
            let [created, unavailable] =
                [&load.created, &load.unavailable].map(|counter| counter.load(Ordering::Relaxed));
            wait_for("creates to fail or to go on", || {
                let goes_on = load.created.load(Ordering::Relaxed) > created + 500;
                let refuses = load.unavailable.load(Ordering::Relaxed) > unavailable + 30;
                Ok((goes_on || refuses).then_some(!refuses))
            })
        })?;
        trial.note(format!("restored by the log in {survived} rounds"));
        Ok(())
    }
}

impl Fault for FileCorrupted {
    fn name(&self) -> &'static str {
        "file-corrupted"
    }

    fn about(&self) -> &'static str {
        "pages of the database are overwritten under load: no panic, no 500; the restored backup is complete"
    }

    fn backends(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        rounds(trial, |load, trial, file| {
            load.wait_for_creates(10)?;
            // A read of an overwritten page may return anything, so differences do not count.
            load.report_only(|wrong| wrong.contains(": 500 ") || wrong.contains("no answer"));
            for page in 1..file.metadata()?.len() / PAGE {
                let garbage: Vec<u8> = (0..PAGE).map(|_| trial.rng.u8(..)).collect();
                file.write_all_at(&garbage, page * PAGE)?;
            }
            pause(trial.random_millis(500, 2_000));
            Ok(false)
        })
        .map(drop)
    }
}

/// Damages the file of a new database in each round. `damage` returns whether the service goes on with the file; if not, a backup is
/// restored. Returns the number of rounds in which the service went on.
fn rounds(
    trial: &mut Trial,
    damage: impl Fn(&Load, &mut Trial, &File) -> anyhow::Result<bool>,
) -> anyhow::Result<u32> {
    let mut survived = 0;
    while trial.next_round(20, 2) {
        let deployment = trial.deployment()?;
        let backup = back_up(trial, &deployment)?;
        let mut server = deployment.start()?;
        let goes_on = trial.under_load(&deployment, &[server.port], |load, trial| {
            let goes_on = damage(load, trial, &File::options().write(true).open(deployment.file())?)?;
            if !goes_on {
                load.skip_settling();
            }
            Ok(goes_on)
        })?;
        let alive = server.is_alive()?;
        trial.expect(alive, || format!("the server ended: {}", server.log_tail()));
        if goes_on {
            survived += 1;
            let check = deployment.sql()?.rows("PRAGMA quick_check(1)")?;
            trial.expect(check == [["ok"]], || format!("the server goes on with a damaged file: {check:?}"));
            server.terminate()?;
        } else {
            restore(trial, &deployment, server, backup)?;
        }
        check_prefill(trial, &deployment)?;
        trial.finish(&deployment)?;
    }
    Ok(survived)
}

/// Stores groups, and makes a backup as in docs/operations.md. Returns the ledger at the time of the backup.
fn back_up(trial: &mut Trial, deployment: &Deployment) -> anyhow::Result<LedgerSnapshot> {
    deployment.prefill(PREFILLED)?;
    let mut server = deployment.start()?;
    trial.under_load(deployment, &[server.port], |load, _| load.wait_for_creates(200))?;
    deployment
        .sql()?
        .execute(&format!("VACUUM INTO '{}'", deployment.folder().join("backup.sqlite").display()))?;
    trial.check(deployment)?;
    server.terminate()?;
    Ok(trial.snapshot())
}

/// Stops the server, restores the backup, compares it with the ledger at the time of the backup, and uses it.
fn restore(
    trial: &mut Trial,
    deployment: &Deployment,
    mut server: Server,
    backup: LedgerSnapshot,
) -> anyhow::Result<()> {
    let code = server.terminate()?;
    trial.expect(code.is_some(), || "a signal killed the server".to_owned());
    for end in ["", "-wal", "-shm", "-lock", "-turnstile"] {
        match fs::remove_file(format!("{}{end}", deployment.file().display())) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    fs::rename(deployment.folder().join("backup.sqlite"), deployment.file())?;
    // Groups acknowledged after the backup are lost with the file; earlier ones must be there.
    trial.roll_back_to(backup);
    trial.check(deployment)?;
    check_prefill(trial, deployment)?;
    let mut server = deployment.start()?;
    trial.under_load(deployment, &[server.port], |load, _| load.wait_for_creates(20))?;
    server.terminate().map(drop)
}

fn check_prefill(trial: &Trial, deployment: &Deployment) -> anyhow::Result<()> {
    let filled = deployment.intact_prefill()?;
    trial.expect(filled == PREFILLED, || {
        format!("{filled} of {PREFILLED} imported groups are stored unchanged")
    });
    Ok(())
}
