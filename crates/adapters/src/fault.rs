//! Reads the errors of Diesel, of r2d2 and of the databases behind them. No other file does.

use diesel::{
    ConnectionError,
    result::{DatabaseErrorKind, Error},
};
use gochat_domain::ports::{CreateGroupError, KeyStoreError, ReadGroupError};

/// What went wrong with the database, for the log of whoever runs it. Many requests may share one fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is away, full, read-only, locked or overloaded; trying again later may help.
    #[error("{0}")]
    Unavailable(String),
    /// Nobody foresaw it.
    #[error("{0}")]
    Unknown(String),
}

/// What the databases say when they cannot serve now. Diesel reports neither SQLite's result codes nor most of
/// PostgreSQL's SQLSTATEs, so their texts are all there is.
const UNAVAILABLE: [&str; 23] = [
    // SQLite: sqlite3_errstr() of BUSY, LOCKED, FULL, READONLY, IOERR, CANTOPEN, CORRUPT, NOTADB, NOMEM.
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
    // After a fault of input or output SQLite has rolled back by itself, and Diesel's own attempt to fails.
    "no transaction is active",
    // PostgreSQL: classes 53 (resources), 57 (intervention), 40 (rollback), 55P03, and libpq itself.
    "No space left on device",
    "Disk quota exceeded",
    "too many clients",
    "remaining connection slots",
    "out of shared memory",
    "the database system is",
    "terminating connection",
    "canceling statement due to",
    "deadlock detected",
    "could not obtain lock",
    "server closed the connection",
    "no connection to the server",
];

impl Fault {
    fn read(text: String) -> Self {
        if UNAVAILABLE.iter().any(|known| text.contains(known)) {
            Self::Unavailable(text)
        } else {
            Self::Unknown(text)
        }
    }

    /// Whether SQLite met a page that is no part of a database (`SQLITE_CORRUPT`, `SQLITE_NOTADB`).
    pub(crate) fn is_damage(&self) -> bool {
        matches!(self, Self::Unavailable(text)
            if text.contains("database disk image is malformed") || text.contains("file is not a database"))
    }

    /// Whether the database ended a transaction in favour of another one (SQLSTATE 40001 and 40P01).
    pub(crate) fn lost_to_another(&self) -> bool {
        matches!(self, Self::Unavailable(text)
            if text.contains("deadlock detected") || text.contains("could not serialize access"))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        use DatabaseErrorKind::{
            ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand,
        };
        let text = error.to_string();
        match error {
            Error::DatabaseError(
                ClosedConnection | ReadOnlyTransaction | SerializationFailure | UnableToSendCommand,
                _,
            )
            | Error::BrokenTransactionManager => Self::Unavailable(text),
            _ => Self::read(text),
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

impl From<Fault> for CreateGroupError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(_) => Self::Unavailable(fault.into()),
            Fault::Unknown(_) => Self::Unknown(fault.into()),
        }
    }
}

impl From<Fault> for KeyStoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(_) => Self::Unavailable(fault.into()),
            Fault::Unknown(_) => Self::Unknown(fault.into()),
        }
    }
}

impl From<Fault> for ReadGroupError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(_) => Self::Unavailable(fault.into()),
            Fault::Unknown(_) => Self::Unknown(fault.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database_error(kind: DatabaseErrorKind, text: &str) -> Fault {
        Error::DatabaseError(kind, Box::new(text.to_owned())).into()
    }

    #[test]
    fn what_may_pass_is_unavailable() {
        for text in UNAVAILABLE {
            let fault = database_error(DatabaseErrorKind::CheckViolation, &format!("ERROR: {text} (x)"));
            assert_eq!(fault, Fault::Unavailable(format!("ERROR: {text} (x)")));
        }
        for kind in [
            DatabaseErrorKind::ClosedConnection,
            DatabaseErrorKind::ReadOnlyTransaction,
            DatabaseErrorKind::SerializationFailure,
        ] {
            assert_eq!(database_error(kind, "x"), Fault::Unavailable("x".into()));
        }
        assert!(matches!(Fault::from(Error::BrokenTransactionManager), Fault::Unavailable(_)));
    }

    #[test]
    fn what_nobody_foresaw_is_unknown() {
        let fault =
            database_error(DatabaseErrorKind::UniqueViolation, "UNIQUE constraint failed: groups.uuid");
        assert_eq!(fault, Fault::Unknown("UNIQUE constraint failed: groups.uuid".into()));
        assert!(matches!(Fault::from(Error::NotFound), Fault::Unknown(_)));
    }
}
