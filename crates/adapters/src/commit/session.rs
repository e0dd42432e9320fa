//! The writer's connection, and its transactions.

mod failure;
#[cfg(test)]
mod tests;

pub(crate) use failure::Failure;

use super::{checkpoints::Checkpoints, remembered_groups::RememberedGroups, transaction, write::Attempt};
use crate::{
    Fault,
    connection::{AnyConnection, Connector, OpenConnection, PING_AFTER, Role},
    sqlite_file::{DatabaseFile, WriteLock},
};
use gochat_domain::group::{Group, GroupId};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

/// A connection of a writer.
pub(crate) struct Session {
    connection: OpenConnection,
    connector: Connector,
    /// `None` on PostgreSQL.
    checkpoints: Option<Checkpoints>,
    /// The lock shared by all processes that write to the same file.
    write_lock: Option<WriteLock>,
    /// The groups that were read or changed before.
    remembered_groups: RememberedGroups,
    pinged_at: Instant,
    is_broken: bool,
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
        let remembered_groups = RememberedGroups::default();
        Ok(Self {
            connection,
            connector,
            checkpoints,
            write_lock,
            remembered_groups,
            pinged_at: Instant::now(),
            is_broken: false,
        })
    }

    /// Returns those of the groups that exist, as remembered. Reads those that are not remembered, without locking them.
    pub(super) fn recall_groups(
        &mut self,
        ids: &BTreeSet<GroupId>,
    ) -> Result<BTreeMap<GroupId, Group>, Failure> {
        let unknown = self.remembered_groups.unknown(ids);
        if !unknown.is_empty() {
            let connection = self.connection.postgres();
            let outcome = connection.and_then(|connection| self.remembered_groups.read(connection, &unknown));
            self.end(outcome).map_err(Failure::before_commit)?;
        }
        Ok(self.remembered_groups.known(ids))
    }

    /// The groups that were read or changed before.
    pub(super) fn remembered_groups(&mut self) -> &mut RememberedGroups {
        &mut self.remembered_groups
    }

    /// Returns true if the session is usable. Pings the connection if the last ping was some time ago.
    pub(crate) fn is_alive(&mut self) -> bool {
        if !self.is_broken && self.pinged_at.elapsed() >= PING_AFTER {
            self.is_broken = self.connection.ping().is_err();
            self.pinged_at = Instant::now();
        }
        !self.is_broken
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
        self.end(outcome).map_err(|failure| if is_committing { failure } else { failure.before_commit() })
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
        // Nothing may be written after the file was truncated. A checkpoint brings back only those of the lost pages that
        // are in the WAL, so the database stays damaged, and a restored backup would lack what is written now.
        file.map_or(Ok(()), DatabaseFile::check_database)?;
        transaction::begin(&mut self.connection, &self.connector, attempt)?;
        work(&mut self.connection)?;
        *is_committing = true;
        transaction::commit(&mut self.connection)?;
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
}
