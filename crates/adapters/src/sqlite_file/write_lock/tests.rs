use super::{super::DatabaseFile, lock_until};
use crate::Fault;
use gochat_test_support::deadline;
use std::{
    fs::{self, File},
    io::{Read, Write},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

fn database() -> (TempDir, DatabaseFile) {
    let folder = tempfile::tempdir().unwrap();
    let file = DatabaseFile::prepare(&folder.path().join("gochat.sqlite")).unwrap();
    (folder, file)
}

#[test]
fn one_writer_at_a_time_holds_the_lock() {
    let (folder, file) = database();
    let (mut first, mut second) = (file.write_lock(), file.write_lock());
    let guard = first.acquire(LONG).unwrap();
    let Err(Fault::Unavailable(reason)) = second.acquire(SHORT) else { panic!("two writers hold the lock") };
    let database = folder.path().canonicalize().unwrap().join("gochat.sqlite");
    assert_eq!(
        reason,
        format!("database is locked: another process has been writing to {} for 20ms", database.display())
    );
    drop(guard);
    drop(second.acquire(SHORT).unwrap());
    first.acquire(SHORT).unwrap();
}

#[test]
fn a_busy_writer_gives_way_to_a_waiting_one() {
    let (folder, file) = database();
    let turns = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let mut busy = file.write_lock();
        let guard = busy.acquire(LONG).unwrap();
        scope.spawn(|| {
            let mut waiting = file.write_lock();
            let _turn = waiting.acquire(LONG).unwrap();
            turns.lock().unwrap().push("waiting");
        });
        let turnstile = File::open(folder.path().join("gochat.sqlite-turnstile")).unwrap();
        deadline::eventually("the other writer holds the turnstile", || {
            let is_held = turnstile.try_lock().is_err();
            turnstile.unlock().unwrap();
            is_held.then_some(())
        });
        drop(guard);
        let _turn = busy.acquire(LONG).unwrap();
        turns.lock().unwrap().push("busy");
    });
    assert_eq!(turns.into_inner().unwrap(), ["waiting", "busy"]);
}

#[test]
fn a_killed_process_releases_the_lock() {
    let (folder, file) = database();
    let mut lock = file.write_lock();
    let lock_file = folder.path().join("gochat.sqlite-lock");
    let mut other = Command::new("flock")
        .args(["--no-fork".as_ref(), lock_file.as_os_str(), "cat".as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // `cat` echoes once `flock` has the lock.
    other.stdin.as_mut().unwrap().write_all(b"!").unwrap();
    other.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    assert!(lock.acquire(SHORT).is_err());
    other.kill().unwrap();
    other.wait().unwrap();
    lock.acquire(SHORT).unwrap();
}

#[test]
fn a_wait_that_times_out_frees_the_turnstile() {
    let (folder, file) = database();
    let (mut first, mut second) = (file.write_lock(), file.write_lock());
    let _turn = first.acquire(LONG).unwrap();
    assert!(second.acquire(SHORT).is_err());
    let turnstile = File::open(folder.path().join("gochat.sqlite-turnstile")).unwrap();
    assert!(lock_until(&turnstile, Instant::now()).unwrap());
}

#[test]
fn without_lock_files_sqlites_own_lock_is_used() {
    let (folder, file) = database();
    fs::create_dir(folder.path().join("gochat.sqlite-turnstile")).unwrap();
    let (mut first, mut second) = (file.write_lock(), file.write_lock());
    let _guards = (first.acquire(SHORT).unwrap(), second.acquire(SHORT).unwrap());
}
