//! Tests of the SQLite file.

mod damage;
mod start;
mod watch;

use super::{DatabaseFile, WalFiles};
use crate::Fault;
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// A folder for one database, which does not exist yet.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("gochat-file-").tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("gochat.sqlite")
    }

    fn prepare(&self) -> Result<DatabaseFile, Fault> {
        DatabaseFile::prepare(&self.database())
    }

    /// Starts and stops the service: afterwards the database has content and no WAL.
    fn start_and_stop(&self) {
        Open::new(&self.prepare().unwrap()).unwrap();
    }

    /// Removes all files of the database, as the error message advises.
    fn clear(&self) {
        for entry in fs::read_dir(self.0.path()).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

/// A connection, opened as the connector does.
struct Open {
    connection: SqliteConnection,
    _wal_files: Arc<WalFiles>,
}

impl Open {
    fn new(file: &DatabaseFile) -> Result<Self, Fault> {
        Self::at(&file.prepare_open()?, file)
    }

    fn at(uri: &str, file: &DatabaseFile) -> Result<Self, Fault> {
        let mut connection = SqliteConnection::establish(uri)?;
        connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA schema_version")?;
        Ok(Self { connection, _wal_files: file.register_open()? })
    }

    fn execute(&mut self, sql: &str) {
        self.connection.batch_execute(sql).unwrap();
    }
}

/// The message of a refusal.
fn refusal<T>(result: Result<T, Fault>) -> String {
    match result.map(|_| "it passes") {
        Err(Fault::Unavailable(text)) => text,
        other => panic!("not refused: {other:?}"),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
