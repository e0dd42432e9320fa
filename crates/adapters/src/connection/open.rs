//! Open connections.

use super::AnyConnection;
use crate::{Fault, sqlite_file::WalFiles};
use diesel::{QueryResult, connection::SimpleConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

/// Time after a ping, or since it was opened, after which a connection is pinged before its next use.
pub(crate) const PING_AFTER: Duration = Duration::from_secs(1);

/// An open connection, with the files that are watched while it is open.
pub(crate) struct OpenConnection {
    pub(super) connection: AnyConnection,
    // Dropped after the connection: see `DatabaseFile::register_open`.
    pub(super) _wal_files: Option<Arc<WalFiles>>,
    /// SQL that begins each read, if each read is a transaction.
    pub(super) begin: Option<String>,
    /// SQL of a ping.
    pub(super) ping: &'static str,
}

impl OpenConnection {
    /// Runs `work`, which only reads.
    pub(crate) fn read<T, E: From<Fault>>(
        &mut self,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(begin) = &self.begin else { return work(&mut self.connection) };
        self.connection.batch_execute(begin).map_err(Fault::from)?;
        match work(&mut self.connection) {
            Ok(answer) => {
                self.connection.batch_execute("COMMIT").map_err(Fault::from)?;
                Ok(answer)
            }
            Err(error) => {
                // If this fails, the next ping finds the connection dead.
                let _broken = self.connection.batch_execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Pings the database. Uses the simple protocol: a prepared statement would need a transaction behind a pooler.
    pub(crate) fn ping(&mut self) -> QueryResult<()> {
        self.connection.batch_execute(self.ping)
    }
}

impl From<AnyConnection> for OpenConnection {
    fn from(connection: AnyConnection) -> Self {
        Self { connection, _wal_files: None, begin: None, ping: "SELECT 1" }
    }
}

impl Deref for OpenConnection {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for OpenConnection {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}
