//! Classifies the errors of Diesel, r2d2 and the databases. No other module interprets them.

use crate::connection::AnyConnection;
use diesel::{
    ConnectionError,
    result::{DatabaseErrorKind, Error},
};
use gochat_domain::ports::StorageError;

/// A database failure, for the operator's log. Many requests may share one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The database is unreachable, full, read-only, locked or overloaded: a later retry may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// Diesel has no name for the error. Most such errors are transient: full disks, timeouts, shutdowns.
    #[error("{0}")]
    Unnamed(String),
    /// PostgreSQL refuses writes on this connection: the server is a standby, or the operator made it read-only.
    #[error("{0}")]
    ReadOnly(String),
    /// An unexpected failure.
    #[error("{0}")]
    Unknown(String),
}

/// SQLite's messages for transient errors, from `sqlite3_errstr()` of BUSY, LOCKED, FULL, READONLY, IOERR, CANTOPEN,
/// CORRUPT, NOTADB and NOMEM. A damaged file counts as transient too: a retry succeeds once a backup is restored.
/// Diesel does not report SQLite's result codes. The messages are always English.
const TRANSIENT_IN_SQLITE: [&str; 11] = [
    "database is locked",
    "database table is locked",
    "database schema is locked",
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
    "database disk image is malformed",
    "file is not a database",
    "out of memory",
    // SQLite rolls back by itself after an I/O error.
    "no transaction is active",
];

impl Fault {
    /// Classifies an unnamed error by the database behind `connection`.
    ///
    /// PostgreSQL's messages are localized (`lc_messages`), so they cannot be matched. Diesel names most errors that a
    /// row causes, such as a broken constraint, so an unnamed one counts as transient.
    pub(crate) fn classified_for(self, connection: &AnyConnection) -> Self {
        match (self, connection) {
            (Self::Unnamed(text), AnyConnection::Sqlite(_)) => {
                if TRANSIENT_IN_SQLITE.iter().any(|known| text.contains(known)) {
                    Self::Unavailable(text)
                } else {
                    Self::Unknown(text)
                }
            }
            (fault, _) => fault,
        }
    }

    /// Returns true if a single row may be the cause, so that the other rows are worth a retry without it.
    pub(crate) fn may_be_caused_by_one_row(&self) -> bool {
        matches!(self, Self::Unnamed(_) | Self::Unknown(_))
    }

    /// Returns true if SQLite found the database locked (`SQLITE_BUSY`, `SQLITE_LOCKED`).
    pub(crate) fn is_locked(&self) -> bool {
        self.to_string().contains("locked")
    }

    /// Returns true if SQLite found a damaged page (`SQLITE_CORRUPT`, `SQLITE_NOTADB`).
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Unavailable(text) | Self::Unnamed(text)
            if text.contains("database disk image is malformed") || text.contains("file is not a database"))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        use DatabaseErrorKind::{
            ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand,
            Unknown as Unnamed,
        };
        let mut text = error.to_string();
        // The error names the column; its source says what is wrong there.
        if let Error::DeserializationError(column) = &error
            && let Some(reason) = column.source()
        {
            text = format!("{text}: {reason}");
        }
        match error {
            Error::DatabaseError(ClosedConnection | SerializationFailure | UnableToSendCommand, _)
            | Error::BrokenTransactionManager => Self::Unavailable(text),
            Error::DatabaseError(ReadOnlyTransaction, _) => Self::ReadOnly(text),
            Error::DatabaseError(Unnamed, _) => Self::Unnamed(text),
            _ => Self::Unknown(text),
        }
    }
}

impl From<ConnectionError> for Fault {
    /// libpq reports each address that it tried on a line of its own.
    fn from(error: ConnectionError) -> Self {
        let text = error.to_string();
        Self::Unavailable(
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; "),
        )
    }
}

impl From<r2d2::Error> for Fault {
    fn from(error: r2d2::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(_) | Fault::Unnamed(_) | Fault::ReadOnly(_) => Self::Unavailable(fault.into()),
            Fault::Unknown(_) => Self::Unknown(fault.into()),
        }
    }
}
