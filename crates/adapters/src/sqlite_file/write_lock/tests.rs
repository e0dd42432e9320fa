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
fn one_writer_at_a_time_has_its_turn() {
    let (folder, file) = database();
    let (mut first, mut second) = (file.write_lock(), file.write_lock());
    let turn = first.turn(LONG).unwrap();
    let Err(Fault::Unavailable(reason)) = second.turn(SHORT) else { panic!("two turns at once") };
    let database = folder.path().canonicalize().unwrap().join("gochat.sqlite");
    assert_eq!(
        reason,
        format!("database is locked: another process has been writing to {} for 20ms", database.display())
    );
    drop(turn);
    drop(second.turn(SHORT).unwrap());
    first.turn(SHORT).unwrap();
}

#[test]
fn a_writer_that_never_pauses_gives_way_to_one_that_waits() {
    let (folder, file) = database();
    let turns = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let mut busy = file.write_lock();
        let turn = busy.turn(LONG).unwrap();
        scope.spawn(|| {
            let mut waiting = file.write_lock();
            let _turn = waiting.turn(LONG).unwrap();
            turns.lock().unwrap().push("waiting");
        });
        let turnstile = File::open(folder.path().join("gochat.sqlite-turnstile")).unwrap();
        deadline::eventually("the other writer passes the turnstile", || {
            let is_passed = turnstile.try_lock().is_err();
            turnstile.unlock().unwrap();
            is_passed.then_some(())
        });
        drop(turn);
        let _turn = busy.turn(LONG).unwrap();
        turns.lock().unwrap().push("busy");
    });
    assert_eq!(turns.into_inner().unwrap(), ["waiting", "busy"]);
}

#[test]
fn a_process_that_is_killed_lets_go() {
    let (folder, file) = database();
    let mut lock = file.write_lock();
    let room = folder.path().join("gochat.sqlite-lock");
    let mut other = Command::new("flock")
        .args(["--no-fork".as_ref(), room.as_os_str(), "cat".as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It answers once it has the lock.
    other.stdin.as_mut().unwrap().write_all(b"!").unwrap();
    other.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    assert!(lock.turn(SHORT).is_err());
    other.kill().unwrap();
    other.wait().unwrap();
    lock.turn(SHORT).unwrap();
}

#[test]
fn a_wait_that_ends_leaves_the_turnstile_free() {
    let (folder, file) = database();
    let (mut first, mut second) = (file.write_lock(), file.write_lock());
    let _turn = first.turn(LONG).unwrap();
    assert!(second.turn(SHORT).is_err());
    let turnstile = File::open(folder.path().join("gochat.sqlite-turnstile")).unwrap();
    assert!(lock_until(&turnstile, Instant::now()).unwrap());
}

#[test]
fn where_no_lock_can_be_made_sqlite_s_own_has_to_do() {
    let (folder, file) = database();
    fs::create_dir(folder.path().join("gochat.sqlite-turnstile")).unwrap();
    let (mut first, mut second) = (file.write_lock(), file.write_lock());
    let _turns = (first.turn(SHORT).unwrap(), second.turn(SHORT).unwrap());
}
