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

/// A link to store.
pub(crate) struct InsertLink {
    pub(crate) link: StoredSecret,
    pub(crate) now: Timestamp,
}

impl Write for InsertLink {
    type Outcome = ();
    type Answer = ();
    type Error = StorageError;

    fn lock_order(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn store(connection: &mut AnyConnection, links: &[&Self], _: Attempt) -> Result<Vec<()>, Fault> {
        lock(connection)?;
        links.iter().map(|insert| insert.link.insert(connection, LINK, insert.now)).collect()
    }

    fn answer(self, (): ()) -> Result<(), StorageError> {
        Ok(())
    }
}

/// A link to exchange for a session.
pub(crate) struct OpenLink {
    pub(crate) link: [u8; 32],
    pub(crate) session: StoredSecret,
    pub(crate) now: Timestamp,
}

impl OpenLink {
    fn store(&self, connection: &mut AnyConnection, attempt: Attempt) -> Result<bool, Fault> {
        let link = dashboard_secrets::table
            .filter(dashboard_secrets::digest.eq(self.link.as_slice()))
            .filter(dashboard_secrets::kind.eq(LINK))
            .filter(dashboard_secrets::expires_at.gt(TimestampValue(self.now)));
        if diesel::delete(link).execute(connection)? > 0 {
            self.session.insert(connection, SESSION, self.now)?;
            return Ok(true);
        }
        // The secret of a session is minted for one write, so a stored session is the result of an earlier attempt.
        let session =
            dashboard_secrets::table.filter(dashboard_secrets::digest.eq(self.session.digest.as_slice()));
        Ok(attempt == Attempt::Resend && select(exists(session)).get_result(connection)?)
    }
}

impl Write for OpenLink {
    /// True if the session is stored.
    type Outcome = bool;
    type Answer = bool;
    type Error = StorageError;

    fn lock_order(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn store(connection: &mut AnyConnection, opens: &[&Self], attempt: Attempt) -> Result<Vec<bool>, Fault> {
        lock(connection)?;
        opens.iter().map(|open| open.store(connection, attempt)).collect()
    }

    fn answer(self, is_stored: bool) -> Result<bool, StorageError> {
        Ok(is_stored)
    }
}

/// Deletes all links and sessions.
pub(crate) struct RevokeSecrets;

impl Write for RevokeSecrets {
    type Outcome = ();
    type Answer = ();
    type Error = StorageError;

    fn lock_order(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }

    fn store(connection: &mut AnyConnection, revocations: &[&Self], _: Attempt) -> Result<Vec<()>, Fault> {
        lock(connection)?;
        diesel::delete(dashboard_secrets::table).execute(connection)?;
        Ok(vec![(); revocations.len()])
    }

    fn answer(self, (): ()) -> Result<(), StorageError> {
        Ok(())
    }
}
