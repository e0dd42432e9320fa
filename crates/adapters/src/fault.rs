//! Reads the errors of Diesel, of r2d2 and of the databases behind them. No other file does.

use crate::connection::AnyConnection;
use diesel::{
    ConnectionError,
    result::{DatabaseErrorKind, Error},
};
use gochat_domain::ports::StorageError;

/// A failure of the database, for the log of the operator. Many requests may share one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The database is away, full, read-only, locked or overloaded: a later retry may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// The database reports an error that Diesel has no name for, as most that pass: full disks, timeouts, shutdowns.
    #[error("{0}")]
    Unnamed(String),
    /// PostgreSQL takes no writes on this connection: it leads to a standby, or the operator forbids them.
    #[error("{0}")]
    ReadOnly(String),
    /// The failure was not foreseen.
    #[error("{0}")]
    Unknown(String),
}

/// SQLite's texts for what may pass, from `sqlite3_errstr()` of BUSY, LOCKED, FULL, READONLY, IOERR, CANTOPEN, CORRUPT, NOTADB
/// and NOMEM. Diesel does not report SQLite's result codes, and SQLite speaks English alone.
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
    // After a fault of input or output SQLite has rolled back by itself.
    "no transaction is active",
];

impl Fault {
    /// The fault as the database behind `connection` means it.
    ///
    /// PostgreSQL speaks the language of its server (`lc_messages`), so its texts tell nothing. Diesel names the errors that a
    /// row is the cause of; one that it cannot name is taken to pass.
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

    /// Whether one row of several may be the cause, so that the others are worth another try without it.
    pub(crate) fn may_be_caused_by_one_row(&self) -> bool {
        matches!(self, Self::Unnamed(_) | Self::Unknown(_))
    }

    /// Whether SQLite met a page that is no part of a database (`SQLITE_CORRUPT`, `SQLITE_NOTADB`).
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
        let text = error.to_string();
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
    /// libpq says what it tried on several lines, one for each address.
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
