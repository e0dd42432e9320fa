//! The writer's connection: transactions, and the classification of their failures.

use super::{
    batch_lock,
    checkpoints::{self, Checkpoints},
    remembered_groups::RememberedGroups,
    write::Attempt,
};
use crate::{
    Fault,
    connection::{AnyConnection, Connector, OpenConnection, Role},
    sqlite_file::{DatabaseFile, WriteLock},
};
use diesel::connection::SimpleConnection;
use std::{
    mem,
    time::{Duration, Instant},
};

/// Idle time after which a connection is pinged before use.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

/// A connection of a writer.
pub(crate) struct Session {
    connection: OpenConnection,
    connector: Connector,
    /// `None` on PostgreSQL.
    checkpoints: Option<Checkpoints>,
    /// The lock shared by all processes that write to the same file.
    write_lock: Option<WriteLock>,
    /// The groups that joins were made to.
    remembered_groups: RememberedGroups,
    used_at: Instant,
    is_broken: bool,
}

/// The failure of a transaction.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The transaction was rolled back, or was committed only to a SQLite file that a restart would not find. The
    /// batch fails.
    NotCommitted(Fault),
    /// The database cannot be reached or is read-only, or the connection was lost before the commit: the transaction
    /// is not committed. The batch waits.
    Unreachable(Fault),
    /// The connection was lost: the transaction may be committed, or still in progress.
    ConnectionLost(Fault),
}

impl Session {
    /// Opens a connection for writes. An unreachable server is retried, a file that cannot be opened is not.
    pub(crate) fn open(connector: &Connector) -> Result<Self, Failure> {
        let failed = if connector.is_sqlite() { Failure::NotCommitted } else { Failure::Unreachable };
        let mut connection = connector.open(Role::Writer).map_err(failed)?;
        let checkpoints = match &mut *connection {
            AnyConnection::Sqlite(connection) => {
                Some(Checkpoints::start(connection, connector).map_err(failed)?)
            }
            AnyConnection::Postgres(_) => None,
        };
        let write_lock = connector.file().map(DatabaseFile::write_lock);
        let connector = connector.clone();
        let used_at = Instant::now();
        let remembered_groups = RememberedGroups::default();
        Ok(Self {
            connection,
            connector,
            checkpoints,
            write_lock,
            remembered_groups,
            used_at,
            is_broken: false,
        })
    }

    /// Takes the remembered groups; a failure before they are given back forgets them.
    pub(super) fn take_remembered_groups(&mut self) -> RememberedGroups {
        mem::take(&mut self.remembered_groups)
    }

    /// Remembers groups for the next joins.
    pub(super) fn remember_groups(&mut self, groups: RememberedGroups) {
        self.remembered_groups = groups;
    }

    /// Returns true if the session is usable. A connection that was idle is pinged.
    pub(crate) fn is_alive(&mut self) -> bool {
        !self.is_broken && (self.used_at.elapsed() < PING_AFTER_IDLE || self.connection.ping().is_ok())
    }

    /// Returns true if a single statement can be a transaction of its own, without `BEGIN`. That requires a session
    /// that keeps the settings which `BEGIN` would otherwise set.
    pub(crate) fn allows_single_statements(&self) -> bool {
        matches!(*self.connection, AnyConnection::Postgres(_)) && self.connector.keeps_session()
    }

    /// Runs `work`, which must be a single statement, without `BEGIN` and `COMMIT`.
    pub(crate) fn statement(
        &mut self,
        work: impl FnOnce(&mut AnyConnection) -> Result<(), Fault>,
    ) -> Result<(), Failure> {
        let outcome = work(&mut self.connection);
        self.end(outcome)
    }

    /// Runs `work` in a transaction, which is committed if this returns `Ok`.
    pub(crate) fn transaction(
        &mut self,
        attempt: Attempt,
        work: impl FnOnce(&mut AnyConnection) -> Result<(), Fault>,
    ) -> Result<(), Failure> {
        let mut is_committing = false;
        let outcome = self.run(attempt, work, &mut is_committing);
        self.end(outcome).map_err(|failure| match failure {
            Failure::ConnectionLost(fault) if !is_committing => Failure::Unreachable(fault),
            failure => failure,
        })
    }

    /// Sets `is_committing` before it sends the commit.
    fn run(
        &mut self,
        attempt: Attempt,
        work: impl FnOnce(&mut AnyConnection) -> Result<(), Fault>,
        is_committing: &mut bool,
    ) -> Result<(), Fault> {
        let timeout = self.connector.timeout();
        let _write_guard = self.write_lock.as_mut().map(|lock| lock.acquire(timeout)).transpose()?;
        let file = self.connector.file();
        // Nothing may be written after the file was truncated: when the last connection closes, the checkpoint would
        // restore only those of the lost pages that are in the WAL.
        file.map_or(Ok(()), DatabaseFile::check_database)?;
        self.connection.batch_execute(&begin(&self.connector, attempt))?;
        work(&mut self.connection)?;
        *is_committing = true;
        self.connection.batch_execute("COMMIT")?;
        // A commit is not acknowledged if a restart would not find the file.
        file.map_or(Ok(()), DatabaseFile::check)
    }

    /// Must be called after a transaction that wrote about `pages` pages, so that SQLite's WAL is checkpointed in
    /// time.
    pub(crate) fn after_transaction(&mut self, pages: usize) {
        if let (AnyConnection::Sqlite(connection), Some(checkpoints)) =
            (&mut *self.connection, &mut self.checkpoints)
        {
            checkpoints.after_transaction(pages, connection);
        }
    }

    /// Rolls a failed transaction back. If that fails too, the connection is lost.
    fn end(&mut self, outcome: Result<(), Fault>) -> Result<(), Failure> {
        self.used_at = Instant::now();
        let Err(fault) = outcome else { return Ok(()) };
        let fault = fault.classified_for(&self.connection);
        if let Some(file) = self.connector.file() {
            file.record_fault(&fault);
        }
        let is_undone = self.connection.batch_execute("ROLLBACK").is_ok();
        match &*self.connection {
            AnyConnection::Sqlite(_) => {
                // After an I/O error SQLite has already rolled back, so `ROLLBACK` fails. A new connection finds out
                // whether the file can be written.
                self.is_broken = !is_undone || !fault.may_be_caused_by_one_row();
                if self.is_broken {
                    self.save_wal();
                }
                Err(Failure::NotCommitted(fault))
            }
            // A new connection may reach the new primary after a failover.
            AnyConnection::Postgres(_) if matches!(fault, Fault::ReadOnly(_)) => {
                self.is_broken = true;
                Err(Failure::Unreachable(fault))
            }
            AnyConnection::Postgres(_) if is_undone => Err(Failure::NotCommitted(fault)),
            AnyConnection::Postgres(_) => {
                self.is_broken = true;
                Err(Failure::ConnectionLost(fault))
            }
        }
    }

    /// Checkpoints SQLite's WAL if the path of the WAL leads to another file. The open WAL contains acknowledged
    /// writes, which would be lost when the last connection is closed.
    fn save_wal(&mut self) {
        if let (Some(file), AnyConnection::Sqlite(connection)) =
            (self.connector.file(), &mut *self.connection)
            && file.check_database().is_ok()
            && file.check().is_err()
        {
            checkpoints::checkpoint(connection);
        }
    }
}

/// Returns the SQL that begins a transaction of writes.
fn begin(connector: &Connector, attempt: Attempt) -> String {
    let mut begin = connector.begin(Role::Writer);
    if !connector.is_sqlite() {
        begin.push_str("; SELECT ");
        begin.push_str(batch_lock::ACQUIRE_SHARED);
        if attempt == Attempt::Resend {
            begin.push_str("; ");
            begin.push_str(WAIT_FOR_STANDBY);
        }
    }
    begin
}

/// SQL that writes a record into PostgreSQL's WAL, so that the commit waits for a synchronous standby.
///
/// A resent write or a replay may find a row whose own commit did not reach the standby, because the wait for it was
/// interrupted. Without this record, a transaction that only finds rows would write nothing and would not wait. On a
/// standby the record is skipped: the standby refuses the writes themselves.
pub(super) const WAIT_FOR_STANDBY: &str =
    "SELECT pg_logical_emit_message(true, 'gochat', 'found') WHERE NOT pg_is_in_recovery()";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commit::{create::Create, write::Write},
        testing::migrated,
    };
    use gochat_domain::{limits::Limits, testing::new_group};
    use gochat_test_support::TestDatabase;

    fn session(database: &TestDatabase) -> Session {
        Session::open(&migrated(database)).unwrap()
    }

    fn store(session: &mut Session, names: impl Iterator<Item = String>) -> Result<(), Failure> {
        let creates: Vec<_> = names
            .map(|name| Create { group: new_group(&name), idempotency: None, limits: Limits::default() })
            .collect();
        let creates: Vec<_> = creates.iter().collect();
        session.transaction(Attempt::First, |connection| {
            Create::store(connection, &creates, Attempt::First).map(drop)
        })
    }

    fn count(database: &TestDatabase) -> String {
        database.rows("SELECT CAST(count(*) AS TEXT) FROM groups").unwrap().concat().concat()
    }

    #[test]
    fn a_full_database_rolls_back_and_is_unavailable() {
        let database = TestDatabase::sqlite().unwrap();
        let mut session = session(&database);
        // Fewer pages than there are: SQLite raises the limit to the current size.
        session.connection.batch_execute("PRAGMA max_page_count = 1").unwrap();
        let names = || (0..1000).map(|number| format!("{number:063}"));
        let refused = store(&mut session, names());
        assert!(
            matches!(&refused, Err(Failure::NotCommitted(Fault::Unavailable(reason))) if reason.contains("full")),
            "{refused:?}"
        );
        assert_eq!(count(&database), "0");
        session.connection.batch_execute("PRAGMA max_page_count = 1000000").unwrap();
        store(&mut session, names()).unwrap();
        assert_eq!(count(&database), "1000");
    }

    #[test]
    fn nothing_is_stored_after_sqlite_rolled_back_by_itself() {
        let database = TestDatabase::sqlite().unwrap();
        let mut session = session(&database);
        database
            .execute(
                "CREATE TRIGGER fault BEFORE INSERT ON groups WHEN NEW.name = 'bad'
                 BEGIN SELECT RAISE(ROLLBACK, 'no such luck'); END",
            )
            .unwrap();
        let refused = store(&mut session, ["a", "bad", "b"].map(str::to_owned).into_iter());
        assert!(matches!(refused, Err(Failure::NotCommitted(Fault::Unknown(_)))), "{refused:?}");
        assert_eq!(count(&database), "0");
        assert!(!session.is_alive());
    }
}
