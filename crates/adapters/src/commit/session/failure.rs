//! The rollback of a failed transaction, and what is known about its writes afterwards.

use super::Session;
use crate::{Fault, commit::checkpoints, connection::AnyConnection};
use diesel::connection::SimpleConnection;

/// The failure of a transaction.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The transaction was rolled back, or was committed only to a SQLite file that a restart would not find. The
    /// batch fails.
    NotCommitted(Fault),
    /// The database cannot be reached or is read-only, or the connection was lost before the commit: the transaction
    /// is not committed. The batch waits.
    Unreachable(Fault),
    /// The connection was lost: the transaction may be committed, or still in progress. The batch is resent.
    ConnectionLost(Fault),
}

impl Failure {
    /// The failure, if nothing had been committed when it happened.
    pub(super) fn before_commit(self) -> Self {
        match self {
            Self::ConnectionLost(fault) => Self::Unreachable(fault),
            failure => failure,
        }
    }
}

impl Session {
    /// Rolls a failed transaction back. If that fails too, the connection is lost.
    pub(super) fn end(&mut self, outcome: Result<(), Fault>) -> Result<(), Failure> {
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
