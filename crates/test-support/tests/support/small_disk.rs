//! Tests of a small disk.

use gochat_test_support::{Case, SmallDisk, TestDatabase, cases};
use std::{
    fs,
    io::{Error, ErrorKind},
};

pub fn cases() -> Vec<Case> {
    cases![a_small_disk_enforces_its_size_and_unmounts_when_dropped]
}

fn a_small_disk_enforces_its_size_and_unmounts_when_dropped(_: TestDatabase) -> anyhow::Result<()> {
    let disk = SmallDisk::new(1)?;
    let folder = disk.path().to_owned();
    let file = folder.join("file");
    let kind = |written: Result<(), Error>| written.map_err(|error| error.kind());
    assert_eq!(kind(fs::write(&file, vec![0; 2 << 20])), Err(ErrorKind::StorageFull));
    fs::write(&file, vec![0; 1 << 19])?;
    drop(disk);
    assert!(!folder.exists());
    Ok(())
}
