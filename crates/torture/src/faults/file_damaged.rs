//! The database is cut or overwritten while the server runs, and a backup is put in its place.

use super::{Fault, SQLITE};
use crate::{home::Home, server::pause, trial::Trial, wait::wait_for};
use gochat_test_support::Backend;
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    sync::atomic::Ordering,
};

pub struct FileCut;

pub struct FileShortened;

pub struct FileCorrupted;

impl Fault for FileCut {
    fn name(&self) -> &'static str {
        "file-cut"
    }

    fn about(&self) -> &'static str {
        "the database is cut to less than half under load: nothing more is acknowledged; a backup has every group that it should"
    }

    fn on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        while trial.next_round(20, 2) {
            let home = with_backup(trial)?;
            let mut server = home.start()?;
            trial.under_load(&home, &[server.port], |load, trial| {
                load.more_created(10)?;
                let file = File::options().write(true).open(home.file())?;
                // At least half of it: the last pages may all be in the log, which puts them back.
                file.set_len(trial.rng.u64(0..file.metadata()?.len() / 4096 / 2) * 4096)?;
                load.expect_nothing_stored(true);
                load.more_unavailable(30)?;
                load.leave_open();
                Ok(())
            })?;
            let alive = server.is_alive()?;
            trial.expect(alive, || format!("it ended: {}", server.last_lines()));
            restore(trial, &home, server)?;
        }
        Ok(())
    }
}

impl Fault for FileShortened {
    fn name(&self) -> &'static str {
        "file-shortened"
    }

    fn about(&self) -> &'static str {
        "the database loses its last pages under load, which may be in the log: 503, or every group is there"
    }

    fn on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        let mut whole = 0;
        while trial.next_round(20, 2) {
            let home = with_backup(trial)?;
            let mut server = home.start()?;
            let is_whole = trial.under_load(&home, &[server.port], |load, trial| {
                load.more_created(trial.rng.u64(5..100))?;
                let file = File::options().write(true).open(home.file())?;
                let pages = file.metadata()?.len() / 4096;
                file.set_len((pages - trial.rng.u64(1..=3)) * 4096)?;
                let [created, unavailable] =
                    [&load.created, &load.unavailable].map(|counter| counter.load(Ordering::Relaxed));
                let is_whole = wait_for("503, or creates that go on", || {
                    let goes_on = load.created.load(Ordering::Relaxed) > created + 500;
                    let refuses = load.unavailable.load(Ordering::Relaxed) > unavailable + 30;
                    Ok((goes_on || refuses).then_some(!refuses))
                })?;
                if !is_whole {
                    load.leave_open();
                }
                Ok(is_whole)
            })?;
            if is_whole {
                whole += 1;
                let condition = home.sql()?.rows("PRAGMA quick_check(1)")?;
                trial.expect(condition == [["ok"]], || format!("it goes on with {condition:?}"));
                server.terminate()?;
                trial.finish(&home)?;
            } else {
                restore(trial, &home, server)?;
            }
        }
        trial.note(format!("put back by the log {whole} times"));
        Ok(())
    }
}

impl Fault for FileCorrupted {
    fn name(&self) -> &'static str {
        "file-corrupted"
    }

    fn about(&self) -> &'static str {
        "pages of the database are overwritten under load: no panic, no 500; a backup has every group that it should"
    }

    fn on(&self) -> &'static [Backend] {
        SQLITE
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        while trial.next_round(20, 2) {
            let home = with_backup(trial)?;
            let mut server = home.start()?;
            // Nothing can tell what a page says that was overwritten with what may stand there.
            let wrong = trial.wrong.len();
            trial.under_load(&home, &[server.port], |load, trial| {
                load.more_created(10)?;
                let file = File::options().write(true).open(home.file())?;
                for page in 1..file.metadata()?.len() / 4096 {
                    let garbage: Vec<u8> = (0..4096).map(|_| trial.rng.u8(..)).collect();
                    file.write_all_at(&garbage, page * 4096)?;
                }
                pause(trial.millis(500, 2_000));
                load.leave_open();
                Ok(())
            })?;
            let found = trial.wrong.split_off(wrong);
            trial.wrong.extend(
                found.into_iter().filter(|what| what.contains(": 500 ") || what.contains("no answer")),
            );
            let alive = server.is_alive()?;
            trial.expect(alive, || format!("it ended: {}", server.last_lines()));
            restore(trial, &home, server)?;
        }
        Ok(())
    }
}

/// A database with groups, and a backup of it as docs/operations.md says.
fn with_backup(trial: &mut Trial) -> anyhow::Result<Home> {
    let home = trial.home()?;
    // Pages that later creates do not touch.
    home.fill(5_000)?;
    let mut server = home.start()?;
    trial.under_load(&home, &[server.port], |load, _| load.more_created(200))?;
    let backup = home.folder().join("backup.sqlite");
    home.sql()?.execute(&format!("VACUUM INTO '{}'", backup.display()))?;
    trial.check(&home)?;
    server.terminate()?;
    Ok(home)
}

/// Ends the server, puts the backup in the place of what is left, and uses it.
fn restore(trial: &mut Trial, home: &Home, mut server: crate::server::Server) -> anyhow::Result<()> {
    let code = server.terminate()?;
    trial.expect(code.is_some(), || "it did not end by itself".to_owned());
    // What was acknowledged after the backup is lost with the file.
    trial.forget();
    for end in ["", "-wal", "-shm", "-lock", "-turnstile"] {
        let path = format!("{}{end}", home.file().display());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    fs::rename(home.folder().join("backup.sqlite"), home.file())?;
    let before = home.stored()?.len();
    let mut server = home.start()?;
    let created = trial.under_load(home, &[server.port], |load, _| load.more_created(20));
    created?;
    server.terminate()?;
    trial.expect(before >= 200, || format!("the backup has {before} groups"));
    trial.check_logs(home)?;
    trial.forget();
    Ok(())
}
