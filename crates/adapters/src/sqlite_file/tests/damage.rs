//! Tests of damaged pages.

use super::{DatabaseFile, Open, Place, refusal};
use crate::Fault;
use diesel::connection::SimpleConnection;
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

const PAGE: u64 = 4096;

/// A database of some hundred pages, none of them cached by a connection.
fn large(place: &Place) {
    Open::new(&place.prepare().unwrap()).unwrap().execute(
        "CREATE TABLE groups (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
         WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 20000)
             INSERT INTO groups SELECT id, 'group ' || id FROM ids;",
    );
}

fn sound() -> (Place, DatabaseFile) {
    let place = Place::new();
    large(&place);
    let file = place.prepare().unwrap();
    (place, file)
}

/// Reads each page of the table and of the index, and writes.
fn use_all(open: &mut Open) -> [Result<(), Fault>; 3] {
    [
        "SELECT sum(length(name)) FROM groups NOT INDEXED",
        "SELECT count(*) FROM groups INDEXED BY sqlite_autoindex_groups_1 WHERE name > ''",
        "UPDATE groups SET name = name || '!'",
    ]
    .map(|sql| open.connection.batch_execute(sql).map_err(Fault::from))
}

#[test]
fn damage_is_found_on_use_and_confirmed_once() {
    // Begins like a leaf page of a table.
    let noise: Vec<u8> = (13..=250).cycle().take(4096).collect();
    for page in [vec![0; 4096], noise] {
        let place = Place::new();
        large(&place);
        let disk = File::options().write(true).open(place.database()).unwrap();
        let pages = disk.metadata().unwrap().len() / PAGE;
        for number in pages / 4..pages / 2 {
            disk.write_all_at(&page, number * PAGE).unwrap();
        }
        let file = place.prepare().unwrap();
        let mut open = Open::new(&file).unwrap();
        assert_eq!(file.check_pages(&mut open.connection), Ok(()), "no read has met it");
        for result in use_all(&mut open) {
            let fault = result.unwrap_err();
            assert!(fault.is_damage(), "{fault:?}");
            file.record_fault(&fault);
        }
        let reason = refusal(file.check_pages(&mut open.connection));
        assert!(reason.contains("gochat.sqlite is damaged: "), "{reason}");
        let (_elsewhere, another) = sound();
        let mut elsewhere = Open::new(&another).unwrap();
        assert_eq!(
            refusal(file.check_pages(&mut elsewhere.connection)),
            reason,
            "the file is not read again"
        );
    }
}

#[test]
fn suspected_damage_is_checked_and_cleared() {
    let (_place, file) = sound();
    let mut open = Open::new(&file).unwrap();
    file.record_fault(&Fault::Unavailable("database disk image is malformed".into()));
    for _ in 0..2 {
        assert_eq!(file.check_pages(&mut open.connection), Ok(()));
    }
}

#[test]
fn other_faults_do_not_count_as_damage() {
    let (place, file) = sound();
    File::options().write(true).open(place.database()).unwrap().write_all_at(&[0; 4096], 3 * PAGE).unwrap();
    let mut open = Open::new(&file).unwrap();
    file.record_fault(&Fault::Unavailable("database is locked".into()));
    assert_eq!(file.check_pages(&mut open.connection), Ok(()));
}

#[test]
fn a_damaged_header_fails_every_new_connection() {
    for (offset, length) in [(0, 16), (0, 100), (100, 3996), (0, 4096)] {
        let place = Place::new();
        large(&place);
        let disk = File::options().write(true).open(place.database()).unwrap();
        disk.write_all_at(&vec![0xa5; length], offset).unwrap();
        let fault = Open::new(&place.prepare().unwrap()).err().unwrap();
        assert!(fault.is_damage(), "{fault:?}");
    }
}

#[test]
fn a_truncated_database_is_refused_at_start() {
    for more in [0, 1000] {
        let place = Place::new();
        large(&place);
        let size = fs::metadata(place.database()).unwrap().len() / PAGE / 2 * PAGE + more;
        File::options().write(true).open(place.database()).unwrap().set_len(size).unwrap();
        let fault = Open::new(&place.prepare().unwrap()).err().unwrap();
        assert!(fault.is_damage(), "{fault:?}");
    }
}
