//! Connections to either database, with the settings that the service needs.

mod open;
mod pooler;
mod postgres;

pub(crate) use open::{OpenConnection, PING_AFTER};
pub(crate) use postgres::FLUSH_EACH_COMMIT;

use crate::{DatabaseOptions, DatabaseUrl, Fault, database_url::ConnectionString, sqlite_file::DatabaseFile};
use diesel::{Connection, MultiConnection, PgConnection, SqliteConnection, connection::SimpleConnection};
use std::{
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// A connection to either database.
#[derive(MultiConnection)]
pub(crate) enum AnyConnection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl AnyConnection {
    /// The connection to PostgreSQL, for statements that only PostgreSQL has.
    pub(crate) fn postgres(&mut self) -> Result<&mut PgConnection, Fault> {
        match self {
            Self::Postgres(connection) => Ok(connection),
            Self::Sqlite(_) => Err(Fault::Unknown("the statement is for PostgreSQL".to_owned())),
        }
    }
}

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Only reads; the database refuses writes.
    Reader,
    /// May write.
    Writer,
}

/// A thread that is blocked in the database for this many timeouts counts as stuck. After one timeout its caller has
/// given up, and a responsive server has cancelled its statement.
const STUCK_AFTER: u32 = 3;

/// Opens connections to one database.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    target: Target,
    timeout: Duration,
    /// True if session settings persist. Behind a transaction-mode pooler each transaction may run in another session.
    keeps_session: bool,
    /// True if prepared statements persist.
    prepared_statements: bool,
}

#[derive(Debug, Clone)]
enum Target {
    SqliteFile(DatabaseFile),
    SqliteMemory(String),
    Postgres(ConnectionString),
}

impl Connector {
    /// A connector to `url`. On the first start it creates an empty SQLite file and its folder.
    pub(crate) fn new(url: &DatabaseUrl, options: DatabaseOptions) -> Result<Self, Fault> {
        let target = match url {
            DatabaseUrl::SqliteFile(path) => Target::SqliteFile(DatabaseFile::prepare(path)?),
            // All connections of this process with this name share the database.
            DatabaseUrl::SqliteMemory => Target::SqliteMemory(format!("file:/{}?vfs=memdb", Uuid::now_v7())),
            DatabaseUrl::Postgres(url) => {
                // Must run before libpq initialises OpenSSL: then OpenSSL does not free its memory at exit. Otherwise
                // a thread that opens a connection during exit would use freed memory, and the process would end by a
                // signal instead of its exit code.
                openssl_sys::init();
                Target::Postgres(url.expose(options.timeout))
            }
        };
        let DatabaseOptions { timeout, prepared_statements, .. } = options;
        // Operators disable prepared statements for transaction-mode poolers, so a pooler is assumed where they are
        // disabled.
        Ok(Self { target, timeout, keeps_session: prepared_statements, prepared_statements })
    }

    /// Longest wait for a connection, a lock or a statement.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// True if the database is SQLite, in a file or in memory.
    pub(crate) fn is_sqlite(&self) -> bool {
        match self.target {
            Target::SqliteFile(_) | Target::SqliteMemory(_) => true,
            Target::Postgres(_) => false,
        }
    }

    /// Time after which a blocked thread counts as stuck and is replaced; `None` for SQLite, where every wait has a
    /// timeout.
    ///
    /// A frozen server, or a pooler that waits for one, still acknowledges packets, so libpq waits forever.
    pub(crate) fn stuck_after(&self) -> Option<Duration> {
        (!self.is_sqlite()).then_some(self.timeout * STUCK_AFTER)
    }

    /// True if session settings persist.
    pub(crate) fn keeps_session(&self) -> bool {
        self.keeps_session
    }

    /// Detects a transaction-mode pooler in front of PostgreSQL, and then relies on no session state.
    ///
    /// # Errors
    /// The pooler does not support prepared statements, which the configuration asks for.
    pub(crate) fn detect_pooler(&mut self) -> Result<(), Fault> {
        if let (Target::Postgres(url), true) = (&self.target, self.keeps_session) {
            self.keeps_session = !pooler::is_transaction_mode(url)?;
            if !self.keeps_session {
                pooler::check_prepared_statements(url)?;
            }
        }
        Ok(())
    }

    /// True if the database vanishes with its last connection.
    pub(crate) fn is_in_memory(&self) -> bool {
        matches!(self.target, Target::SqliteMemory(_))
    }

    /// Maximum number of concurrent writers, up to `wanted`: SQLite has one.
    pub(crate) fn max_writers(&self, wanted: usize) -> usize {
        if self.is_sqlite() { 1 } else { wanted }
    }

    /// Opens a connection.
    pub(crate) fn open(&self, role: Role) -> Result<OpenConnection, Fault> {
        match &self.target {
            Target::SqliteFile(file) => {
                let connection = self.open_sqlite(&file.prepare_open()?, "WAL", role)?;
                Ok(OpenConnection { _wal_files: Some(file.register_open()?), ..connection.into() })
            }
            Target::SqliteMemory(name) => Ok(self.open_sqlite(name, "MEMORY", role)?.into()),
            Target::Postgres(url) => {
                let mut connection = postgres::open(url, self.prepared_statements)?;
                if self.keeps_session {
                    postgres::set_session_defaults(&mut connection, role, self.timeout)?;
                }
                let begin = (role == Role::Reader && !self.keeps_session).then(|| self.begin_postgres(role));
                let mut connection = OpenConnection { begin, ..AnyConnection::Postgres(connection).into() };
                if self.prepared_statements {
                    connection.ping = postgres::DISCARD_PLANS;
                }
                Ok(connection)
            }
        }
    }

    /// The file of an on-disk SQLite database.
    pub(crate) fn file(&self) -> Option<&DatabaseFile> {
        match &self.target {
            Target::SqliteFile(file) => Some(file),
            Target::SqliteMemory(_) | Target::Postgres(_) => None,
        }
    }

    /// Returns the SQL that begins a transaction on PostgreSQL.
    pub(crate) fn begin_postgres(&self, role: Role) -> String {
        postgres::begin(role, (!self.keeps_session).then_some(self.timeout))
    }

    /// Durability: WAL with `synchronous=FULL` flushes the log at every commit (<https://sqlite.org/wal.html>).
    fn open_sqlite(&self, path: &str, journal_mode: &str, role: Role) -> Result<AnyConnection, Fault> {
        let mut connection = SqliteConnection::establish(path)?;
        let busy_timeout = self.timeout.as_millis();
        connection
            .batch_execute(&format!("PRAGMA busy_timeout = {busy_timeout}; PRAGMA foreign_keys = ON;"))?;
        self.set_journal_mode(&mut connection, journal_mode)?;
        // The last statement reads, so that the WAL is open.
        connection.batch_execute(match role {
            Role::Writer => "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA schema_version",
            Role::Reader => "PRAGMA synchronous = FULL; PRAGMA query_only = ON; PRAGMA schema_version",
        })?;
        Ok(AnyConnection::Sqlite(connection))
    }

    /// Retries while locked: SQLite's busy timeout does not apply to changes of the journal mode.
    fn set_journal_mode(&self, connection: &mut SqliteConnection, mode: &str) -> Result<(), Fault> {
        let deadline = Instant::now() + self.timeout;
        loop {
            match connection.batch_execute(&format!("PRAGMA journal_mode = {mode}")).map_err(Fault::from) {
                Err(fault) if fault.is_locked() && Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(5));
                }
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{schema::groups, testing};
    use diesel::{
        RunQueryDsl,
        dsl::sql,
        select,
        sql_types::{BigInt, Text},
    };
    use gochat_test_support::{Backend, TestDatabase, run_case};

    #[test]
    fn sqlite_uses_wal_flushes_each_commit_and_enforces_foreign_keys() {
        let database = TestDatabase::sqlite().unwrap();
        let mut connection = testing::connector(&database).open(Role::Writer).unwrap();
        let mut value = |pragma: &str| -> i64 {
            select(sql::<BigInt>(&format!("{pragma} FROM pragma_{pragma}")))
                .get_result(&mut *connection)
                .unwrap()
        };
        // 2 is FULL (<https://sqlite.org/pragma.html#pragma_synchronous>).
        assert_eq!((value("synchronous"), value("foreign_keys")), (2, 1));
        let mode: String = select(sql::<Text>("journal_mode FROM pragma_journal_mode"))
            .get_result(&mut *connection)
            .unwrap();
        assert_eq!(mode, "wal");
    }

    #[test]
    fn the_database_refuses_writes_of_a_reader() {
        run_case(Backend::ALL, |database| {
            let connector = testing::migrated(&database);
            let delete = |connection: &mut AnyConnection| -> Result<usize, Fault> {
                Ok(diesel::delete(groups::table).execute(connection)?)
            };
            connector.open(Role::Reader)?.read(delete).unwrap_err();
            connector.open(Role::Writer)?.read(delete)?;
            Ok(())
        });
    }
}
