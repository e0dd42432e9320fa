//! A connection to either database, opened the way this service needs it.

use crate::{DatabaseUrl, Fault, sqlite_file::DatabaseFile};
use diesel::{Connection, MultiConnection, PgConnection, SqliteConnection, connection::SimpleConnection};
use std::{
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// A connection to the database that the configuration names.
#[derive(MultiConnection)]
pub(crate) enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Opens connections to one database.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    target: Target,
    busy_timeout: Duration,
}

#[derive(Debug, Clone)]
enum Target {
    SqliteFile(DatabaseFile),
    SqliteMemory(String),
    Postgres(String),
}

impl Connector {
    /// A connector to `url`. At a first start it makes the file of SQLite, empty, and its folder.
    ///
    /// `busy_timeout` is how long SQLite waits for another process's lock.
    pub(crate) fn new(url: &DatabaseUrl, busy_timeout: Duration) -> Result<Self, Fault> {
        let target = match url {
            DatabaseUrl::SqliteFile(path) => Target::SqliteFile(DatabaseFile::prepare(path)?),
            // Every connection of this process that knows the name shares the database.
            DatabaseUrl::SqliteMemory => Target::SqliteMemory(format!("file:/{}?vfs=memdb", Uuid::now_v7())),
            DatabaseUrl::Postgres(url) => Target::Postgres(url.expose()),
        };
        Ok(Self { target, busy_timeout })
    }

    /// Whether the database ends with its last connection.
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.target, Target::SqliteMemory(_))
    }

    /// How many connections may write at once, if `wanted` would: SQLite has one writer.
    pub(crate) fn writers(&self, wanted: usize) -> usize {
        if matches!(self.target, Target::Postgres(_)) { wanted } else { 1 }
    }

    /// Opens a connection.
    pub(crate) fn open(&self) -> Result<AnyConnection, Fault> {
        match &self.target {
            Target::SqliteFile(file) => {
                let connection = self.open_sqlite(&file.opening()?, "WAL")?;
                file.opened()?;
                Ok(connection)
            }
            Target::SqliteMemory(name) => self.open_sqlite(name, "MEMORY"),
            Target::Postgres(url) => open_postgres(url),
        }
    }

    /// Durability: WAL with `synchronous=FULL` flushes the log at every commit (<https://sqlite.org/wal.html>).
    fn open_sqlite(&self, path: &str, journal_mode: &str) -> Result<AnyConnection, Fault> {
        let mut connection = SqliteConnection::establish(path)?;
        let busy_timeout = self.busy_timeout.as_millis();
        connection
            .batch_execute(&format!("PRAGMA busy_timeout = {busy_timeout}; PRAGMA foreign_keys = ON;"))?;
        self.set_journal_mode(&mut connection, journal_mode)?;
        // The last one reads, so that the log is open.
        connection.batch_execute("PRAGMA synchronous = FULL; PRAGMA schema_version")?;
        Ok(AnyConnection::Sqlite(connection))
    }

    /// SQLite does not wait by itself for whoever else changes the mode of a new file, so this does.
    fn set_journal_mode(&self, connection: &mut SqliteConnection, mode: &str) -> Result<(), Fault> {
        let give_up_at = Instant::now() + self.busy_timeout;
        loop {
            match connection.batch_execute(&format!("PRAGMA journal_mode = {mode}")).map_err(Fault::from) {
                Err(Fault::Unavailable(reason))
                    if reason.contains("locked") && Instant::now() < give_up_at =>
                {
                    thread::sleep(Duration::from_millis(5));
                }
                result => return result,
            }
        }
    }
}

/// Transactions read what was committed while they waited for another one, whatever the role or the database would have
/// them do by default: the record of a key is looked up after whoever was first has committed it.
fn open_postgres(url: &str) -> Result<AnyConnection, Fault> {
    let mut connection = PgConnection::establish(url)?;
    connection.batch_execute("SET default_transaction_isolation = 'read committed'")?;
    Ok(AnyConnection::Postgres(connection))
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::{
        RunQueryDsl,
        dsl::sql,
        select,
        sql_types::{BigInt, Text},
    };
    use gochat_test_support::TestDatabase;

    #[test]
    fn sqlite_writes_ahead_flushes_each_commit_and_keeps_foreign_keys() {
        let database = TestDatabase::sqlite().unwrap();
        let url: DatabaseUrl = database.url().parse().unwrap();
        let mut connection = Connector::new(&url, Duration::from_secs(1)).unwrap().open().unwrap();
        let mut value = |pragma: &str| -> i64 {
            select(sql::<BigInt>(&format!("{pragma} FROM pragma_{pragma}")))
                .get_result(&mut connection)
                .unwrap()
        };
        // 2 is FULL (<https://sqlite.org/pragma.html#pragma_synchronous>).
        assert_eq!((value("synchronous"), value("foreign_keys")), (2, 1));
        let mode: String =
            select(sql::<Text>("journal_mode FROM pragma_journal_mode")).get_result(&mut connection).unwrap();
        assert_eq!(mode, "wal");
    }
}
