//! Tests of an open file: losses that are noticed, and changes that are normal.

use super::{DatabaseFile, Open, Place, refusal};
use diesel::connection::SimpleConnection;
use std::fs;

#[test]
fn a_missing_file_is_reported_and_not_opened_until_it_is_back() {
    for suffix in ["", "-wal", "-shm"] {
        let place = Place::new();
        let file = place.prepare().unwrap();
        let mut open = Open::new(&file).unwrap();
        open.execute("CREATE TABLE groups (name TEXT)");
        assert_eq!(file.check(), Ok(()));
        let path = place.path(&format!("gochat.sqlite{suffix}"));
        let aside = place.path("aside");
        fs::rename(&path, &aside).unwrap();
        assert!(Open::new(&file).is_err(), "gochat.sqlite{suffix}");
        assert!(refusal(file.check()).ends_with(&format!(
            "gochat.sqlite{suffix} was removed or renamed while it was open. Nothing is stored until the file is back"
        )));
        fs::write(&path, "another file").unwrap();
        assert!(
            refusal(file.check())
                .contains(&format!("gochat.sqlite{suffix} is not the file that is open: it was replaced."))
        );
        fs::rename(&aside, &path).unwrap();
        assert_eq!(file.check(), Ok(()));
    }
}

#[test]
fn a_renamed_folder_is_noticed() {
    let place = Place::new();
    let file = DatabaseFile::prepare(&place.path("data/gochat.sqlite")).unwrap();
    let _open = Open::new(&file).unwrap();
    fs::rename(place.path("data"), place.path("data.old")).unwrap();
    assert!(refusal(file.check()).contains("was removed or renamed"));
}

#[test]
fn a_truncated_database_is_noticed_and_left_alone() {
    let place = Place::new();
    let file = place.prepare().unwrap();
    let mut open = Open::new(&file).unwrap();
    open.execute("CREATE TABLE groups (name TEXT)");
    fs::File::options().write(true).open(place.database()).unwrap().set_len(0).unwrap();
    assert!(refusal(file.check()).contains("gochat.sqlite was truncated to 0 bytes"));
    assert!(Open::new(&file).is_err());
    assert_eq!(fs::metadata(place.database()).unwrap().len(), 0, "no header is written");
    assert!(fs::metadata(place.path("gochat.sqlite-wal")).unwrap().len() > 0, "the log is not removed");
}

#[test]
fn a_file_lost_while_a_connection_opens_is_noticed() {
    for suffix in ["", "-wal", "-shm"] {
        let place = Place::new();
        let file = place.prepare().unwrap();
        let _first = Open::new(&file).unwrap();
        let uri = file.prepare_open().unwrap();
        fs::rename(place.path(&format!("gochat.sqlite{suffix}")), place.path("aside")).unwrap();
        let opened = Open::at(&uri, &file);
        assert!(opened.is_err(), "gochat.sqlite{suffix}");
        assert_eq!(place.database().exists(), !suffix.is_empty(), "no file is made in place of the lost one");
    }
}

#[test]
fn a_file_replaced_while_the_first_connection_opens_is_noticed() {
    let place = Place::new();
    let file = place.prepare().unwrap();
    let uri = file.prepare_open().unwrap();
    fs::rename(place.database(), place.path("aside")).unwrap();
    fs::write(place.database(), "").unwrap();
    let reason = refusal(Open::at(&uri, &file).map(drop));
    assert!(reason.contains("gochat.sqlite is not the file that is open"), "{reason}");
}

#[test]
fn normal_sqlite_maintenance_is_not_a_fault() {
    let place = Place::new();
    let file = place.prepare().unwrap();
    let mut server = Open::new(&file).unwrap();
    server.execute("CREATE TABLE groups (name TEXT); INSERT INTO groups VALUES (randomblob(100000))");
    for sql in [
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "DELETE FROM groups; VACUUM",
        "PRAGMA wal_checkpoint(RESTART)",
        "INSERT INTO groups VALUES ('a'); PRAGMA optimize; ANALYZE; REINDEX",
        "PRAGMA journal_size_limit = 0; INSERT INTO groups VALUES ('b'); PRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        let mut operator = Open::new(&file).unwrap();
        operator.execute(sql);
        assert_eq!(file.check(), Ok(()), "{sql}");
        drop(operator);
        server.execute("INSERT INTO groups VALUES ('c')");
        assert_eq!(file.check(), Ok(()), "{sql}");
    }
    let mut operator = Open::new(&file).unwrap();
    assert!(operator.connection.batch_execute("PRAGMA journal_mode = DELETE").is_err(), "the log is in use");
    assert_eq!(file.check(), Ok(()));
}

#[test]
fn a_connection_after_the_last_one_creates_a_new_wal() {
    let place = Place::new();
    let file = place.prepare().unwrap();
    drop(Open::new(&file).unwrap());
    assert!(!place.path("gochat.sqlite-wal").exists());
    assert_eq!(file.check(), Ok(()));
    let _open = Open::new(&file).unwrap();
    assert_eq!(file.check(), Ok(()));
}

#[test]
#[cfg(target_os = "linux")]
fn a_connection_keeps_its_lock_when_the_file_is_dropped() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    let file = place.prepare().unwrap();
    let open = Open::new(&file).unwrap();
    let inode = format!(":{}", fs::metadata(place.database()).unwrap().ino());
    let is_locked = || {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.split_whitespace().any(|field| field.ends_with(&inode))
    };
    drop(file);
    assert!(is_locked());
    drop(open);
    assert!(!is_locked());
}
