//! Tests of starts: only the first one creates the file.

use super::{DatabaseFile, Open, Place, mode, refusal};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, chown, symlink},
    },
};

#[test]
fn the_first_start_creates_files_and_folders_for_the_service_only() {
    let place = Place::new();
    fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let file = DatabaseFile::prepare(&place.path("a/b/gochat.sqlite")).unwrap();
    let _lock = file.write_lock();
    let mut open = Open::new(&file).unwrap();
    open.execute("CREATE TABLE groups (name TEXT)");
    for folder in ["a", "a/b"] {
        assert_eq!(mode(&place.path(folder)), 0o700, "{folder}");
    }
    assert_eq!(mode(&place.path("")), 0o755, "a folder that was there stays as it is");
    for suffix in ["", "-wal", "-shm", "-lock", "-turnstile"] {
        assert_eq!(mode(&place.path(&format!("a/b/gochat.sqlite{suffix}"))), 0o600, "gochat.sqlite{suffix}");
    }
}

#[test]
fn sidecar_files_get_the_owner_and_mode_of_the_database() {
    let place = Place::new();
    place.start_and_stop();
    fs::remove_file(place.path("gochat.sqlite-lock")).unwrap();
    fs::set_permissions(place.database(), fs::Permissions::from_mode(0o660)).unwrap();
    if fs::metadata(place.database()).unwrap().uid() == 0 {
        chown(place.database(), Some(1000), Some(1001)).unwrap();
    }
    let file = place.prepare().unwrap();
    let (_open, _lock) = (Open::new(&file).unwrap(), file.write_lock());
    let database = fs::metadata(place.database()).unwrap();
    for suffix in ["-wal", "-shm", "-lock", "-turnstile"] {
        let beside = fs::metadata(place.path(&format!("gochat.sqlite{suffix}"))).unwrap();
        let of = |file: &fs::Metadata| (file.mode(), file.uid(), file.gid());
        assert_eq!(of(&beside), of(&database), "gochat.sqlite{suffix}");
    }
}

#[test]
fn an_empty_file_without_evidence_of_groups_is_a_first_start() {
    let place = Place::new();
    fs::write(place.database(), "").unwrap();
    place.start_and_stop();
    assert!(fs::metadata(place.database()).unwrap().len() > 0);
}

#[test]
fn a_start_that_crashed_before_the_header_was_written_does_not_count() {
    let place = Place::new();
    let file = place.prepare().unwrap();
    let _lock = file.write_lock();
    assert_eq!(fs::metadata(place.path("gochat.sqlite-lock")).unwrap().len(), 0);
    place.start_and_stop();
}

#[test]
fn a_lost_database_whose_wal_has_content_is_refused() {
    for state in LOSSES {
        let place = Place::new();
        let mut open = Open::new(&place.prepare().unwrap()).unwrap();
        open.execute("CREATE TABLE groups (name TEXT)");
        // A killed process leaves its WAL behind.
        let log = fs::read(place.path("gochat.sqlite-wal")).unwrap();
        drop(open);
        place.clear();
        fs::write(place.path("gochat.sqlite-wal"), &log).unwrap();
        lose(&place, state);
        let database = place.database();
        let database = database.display();
        assert_eq!(
            refusal(place.prepare()),
            format!(
                "{database} {state}, but its write-ahead log {database}-wal is not. Put the file back. Or move {database}* away, and \
                 then put a backup in its place or start without any group"
            )
        );
        assert_eq!(fs::read(place.path("gochat.sqlite-wal")).unwrap(), log, "the log is left alone");
        fs::remove_file(place.path("gochat.sqlite-wal")).unwrap();
        place.start_and_stop();
    }
}

#[test]
fn a_lost_database_is_refused_until_it_is_restored_or_cleared() {
    for state in LOSSES {
        let place = Place::new();
        place.start_and_stop();
        let backup = fs::read(place.database()).unwrap();
        lose(&place, state);
        let database = place.database();
        let database = database.display();
        for _ in 0..2 {
            assert_eq!(
                refusal(place.prepare()),
                format!(
                    "{database} {state}, but {database}-lock says that there was a database. Put the file back. Or move \
                     {database}* away, and then put a backup in its place or start without any group"
                )
            );
        }
        fs::write(place.database(), backup).unwrap();
        place.start_and_stop();
        place.clear();
        place.start_and_stop();
    }
}

/// The states of a lost database, in the words of the error message.
const LOSSES: [&str; 2] = ["is missing", "is empty"];

fn lose(place: &Place, state: &str) {
    fs::write(place.database(), "").unwrap();
    if state == "is missing" {
        fs::remove_file(place.database()).unwrap();
    }
}

#[test]
fn a_copy_at_another_path_starts_and_gets_its_own_marker() {
    let place = Place::new();
    let mut open = Open::new(&place.prepare().unwrap()).unwrap();
    open.execute("CREATE TABLE groups (name TEXT); INSERT INTO groups VALUES ('Rust Developers')");
    let elsewhere = Place::new();
    open.execute(&format!("VACUUM INTO '{}'", elsewhere.database().display()));
    Open::new(&elsewhere.prepare().unwrap()).unwrap().execute("INSERT INTO groups SELECT * FROM groups");
    fs::remove_file(elsewhere.database()).unwrap();
    assert!(refusal(elsewhere.prepare()).contains("there was a database"));
}

#[test]
fn a_file_that_was_read_only_at_start_can_be_written_once_it_is_writable() {
    let place = Place::new();
    place.start_and_stop();
    let set_mode = |mode| fs::set_permissions(place.database(), fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o440);
    let file = place.prepare().unwrap();
    let _reader = Open::new(&file).unwrap();
    set_mode(0o600);
    // For root, the first connection could have written too.
    Open::new(&file).unwrap().execute("CREATE TABLE groups (name TEXT)");
    for suffix in ["-wal", "-shm", "-lock"] {
        assert_eq!(mode(&place.path(&format!("gochat.sqlite{suffix}"))), 0o600, "gochat.sqlite{suffix}");
    }
}

#[test]
fn special_characters_in_a_path_are_taken_literally() {
    let names: [&[u8]; 5] =
        [b"a?mode=memory", b"50%41 #1", b"file:x", "Gruppen für \"alle\"".as_bytes(), b"not UTF-8 \xff"];
    for name in names.map(OsStr::from_bytes) {
        let place = Place::new();
        let path = place.0.path().join(name).join(name);
        let mut open = Open::new(&DatabaseFile::prepare(&path).unwrap()).unwrap();
        open.execute("CREATE TABLE groups (name TEXT)");
        let mut files: Vec<_> = fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().as_bytes()[name.len()..].to_vec())
            .collect();
        files.sort_unstable();
        assert_eq!(files, [b"".as_slice(), b"-lock", b"-shm", b"-wal"], "{}", path.display());
    }
}

#[test]
fn a_symbolic_link_is_resolved_to_the_database() {
    let (place, elsewhere) = (Place::new(), Place::new());
    symlink(elsewhere.path("groups.sqlite"), place.path("chain")).unwrap();
    symlink("chain", place.database()).unwrap();
    let file = place.prepare().unwrap();
    let _open = Open::new(&file).unwrap();
    for suffix in ["", "-wal", "-shm", "-lock"] {
        assert!(elsewhere.path(&format!("groups.sqlite{suffix}")).is_file(), "groups.sqlite{suffix}");
    }
    assert_eq!(file.check(), Ok(()));
    fs::remove_file(place.database()).unwrap();
    assert!(refusal(file.check()).contains("was removed or renamed"));
}

#[test]
fn a_path_that_is_not_a_file_is_refused() {
    let place = Place::new();
    symlink("gochat.sqlite", place.database()).unwrap();
    assert!(refusal(place.prepare()).contains("Too many levels of symbolic links"));
    assert!(refusal(DatabaseFile::prepare(&place.path(""))).ends_with("it is not a regular file"));
    assert!(refusal(DatabaseFile::prepare("/".as_ref())).ends_with("is not a file"));
}
