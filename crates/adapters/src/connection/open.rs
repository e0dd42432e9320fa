//! A connection that is open.

use super::AnyConnection;
use crate::{Fault, sqlite_file::WalFiles};
use diesel::{QueryResult, connection::SimpleConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// A connection that is open, and what is watched as long as it is.
pub(crate) struct OpenConnection {
    pub(super) connection: AnyConnection,
    // Goes after the connection. The last connection to a SQLite file copies the log that it has open into the database; one
    // that was opened meanwhile beside another log would keep it from that.
    pub(super) _companions: Option<Arc<WalFiles>>,
    /// The statements that begin a read, where each read is a transaction.
    pub(super) begin: Option<String>,
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
                // A connection that cannot end the transaction is found dead when it is asked next.
                let _broken = self.connection.batch_execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Asks whether the connection is alive. A statement that is prepared would need a transaction behind a pooler.
    pub(crate) fn ping(&mut self) -> QueryResult<()> {
        self.connection.batch_execute("SELECT 1")
    }
}

impl From<AnyConnection> for OpenConnection {
    fn from(connection: AnyConnection) -> Self {
        Self { connection, _companions: None, begin: None }
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
