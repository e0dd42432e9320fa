//! Writes of the dashboard's secrets.
//!
//! On PostgreSQL each of them first takes one advisory lock, so that the order in which it locks rows does not matter.
//! These writes are rare.

use super::write::{Attempt, Write};
use crate::{Fault, connection::AnyConnection, schema::dashboard_secrets, sql_types::TimestampValue};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, connection::SimpleConnection, dsl::exists, select};
use gochat_domain::{clock::Timestamp, ports::StorageError};
use std::cmp::Ordering;

/// The `kind` of a link.
const LINK: &str = "link";

/// The `kind` of a session.
pub(crate) const SESSION: &str = "session";

/// The key is "secrets" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(32481100117144691)";

fn lock(connection: &mut AnyConnection) -> Result<(), Fault> {
    match connection {
        // The open transaction is the only writer.
        AnyConnection::Sqlite(_) => Ok(()),
        AnyConnection::Postgres(connection) => Ok(connection.batch_execute(LOCK)?),
    }
}

/// The stored form of a secret.
pub(crate) struct StoredSecret {
    pub(crate) digest: [u8; 32],
    pub(crate) expires_at: Timestamp,
}

impl StoredSecret {
    /// Stores the secret, and deletes all that have expired. Skips a secret that an earlier attempt stored.
    fn insert(&self, connection: &mut AnyConnection, kind: &str, now: Timestamp) -> Result<(), Fault> {
        let expired = dashboard_secrets::table.filter(dashboard_secrets::expires_at.le(TimestampValue(now)));
        diesel::delete(expired).execute(connection)?;
        let insert = diesel::insert_into(dashboard_secrets::table)
            .values((
                dashboard_secrets::digest.eq(self.digest.as_slice()),
                dashboard_secrets::kind.eq(kind),
                dashboard_secrets::expires_at.eq(TimestampValue(self.expires_at)),
            ))
            .on_conflict_do_nothing();
        match connection {
            AnyConnection::Sqlite(connection) => insert.execute(connection)?,
            AnyConnection::Postgres(connection) => insert.execute(connection)?,
        };
        Ok(())
    }
}

/// A write of secrets. All of them share one lane: each batch goes through every lane, so each lane costs all batches.
pub(crate) enum SecretWrite {
    /// Stores a link.
    InsertLink { link: StoredSecret, now: Timestamp },
    /// Exchanges the link with this digest for a session.
    OpenLink { link: [u8; 32], session: StoredSecret, now: Timestamp },
    /// Deletes all links and sessions.
    RevokeAll,
}

impl SecretWrite {
    fn store(&self, connection: &mut AnyConnection, attempt: Attempt) -> Result<bool, Fault> {
        match self {
            Self::InsertLink { link, now } => link.insert(connection, LINK, *now)?,
            Self::OpenLink { link, session, now } => {
                return open_link(connection, link, session, *now, attempt);
            }
            Self::RevokeAll => diesel::delete(dashboard_secrets::table).execute(connection).map(drop)?,
        }
        Ok(true)
    }
}

/// Returns true if the session is stored.
fn open_link(
    connection: &mut AnyConnection,
    link: &[u8; 32],
    session: &StoredSecret,
    now: Timestamp,
    attempt: Attempt,
) -> Result<bool, Fault> {
    let link = dashboard_secrets::table
        .filter(dashboard_secrets::digest.eq(link.as_slice()))
        .filter(dashboard_secrets::kind.eq(LINK))
        .filter(dashboard_secrets::expires_at.gt(TimestampValue(now)));
    if diesel::delete(link).execute(connection)? > 0 {
        session.insert(connection, SESSION, now)?;
        return Ok(true);
    }
    // The secret of a session is minted for one write, so a stored session is the result of an earlier attempt.
    let stored = dashboard_secrets::table.filter(dashboard_secrets::digest.eq(session.digest.as_slice()));
    Ok(attempt == Attempt::Resend && select(exists(stored)).get_result(connection)?)
}

impl Write for SecretWrite {
    /// False if the link to open is unknown or has expired.
    type Outcome = bool;
    type Answer = bool;
    type Error = StorageError;

    fn lock_order(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn store(connection: &mut AnyConnection, writes: &[&Self], attempt: Attempt) -> Result<Vec<bool>, Fault> {
        lock(connection)?;
        writes.iter().map(|write| write.store(connection, attempt)).collect()
    }

    fn answer(self, is_done: bool) -> Result<bool, StorageError> {
        Ok(is_done)
    }
}
