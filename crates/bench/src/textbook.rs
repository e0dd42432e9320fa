//! Repositories built in the usual way: a connection pool, and one transaction per request. Transactions do not block the threads that
//! serve HTTP, and statements are prepared once.

#[macro_use]
mod dialect;
mod groups;
mod members;
mod postgres;
mod row;
mod sqlite;
mod statement;

use anyhow::anyhow;
use dialect::Dialect;
use diesel::{
    PgConnection, SqliteConnection,
    r2d2::{ConnectionManager, Pool},
    result::Error,
};
use gochat_domain::ports::StorageError;
use std::fmt::Display;

/// A repository of groups and members, with one transaction per request.
pub struct Textbook<C: Dialect>(Pool<ConnectionManager<C>>);

/// The repository on the SQLite file of a `sqlite://` URL, tuned as well as possible without group commit: in WAL mode, and with one
/// connection that is not tested before each use. More connections would only compete for the one lock.
pub fn sqlite(url: &str) -> anyhow::Result<Textbook<SqliteConnection>> {
    let builder = Pool::builder().max_size(1).test_on_check_out(false);
    let builder = builder.connection_customizer(Box::new(sqlite::Durable));
    Ok(Textbook(builder.build(ConnectionManager::new(url.trim_start_matches("sqlite://")))?))
}

/// The repository on PostgreSQL, with r2d2's default pool: ten connections, each tested before each use.
pub fn postgres(url: &str) -> anyhow::Result<Textbook<PgConnection>> {
    Ok(Textbook(Pool::builder().build(ConnectionManager::new(url))?))
}

impl<C: Dialect> Textbook<C> {
    /// Does the work in a transaction of its own, on a thread that may block.
    async fn transact<T, E>(
        &self,
        work: impl FnOnce(&mut C) -> Result<T, Failure<E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let pool = self.0.clone();
        let work = move || {
            let mut connection = pool.get().map_err(|error| StorageError::Unavailable(error.into()))?;
            connection.transact(work).map_err(|Failure(error)| error)
        };
        tokio::task::spawn_blocking(work).await.map_err(unknown)?
    }
}

/// An error of a port, which rolls the transaction back.
struct Failure<E>(E);

impl<E: From<StorageError>> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self(unknown(error).into())
    }
}

fn unknown(error: impl Display) -> StorageError {
    StorageError::Unknown(anyhow!("{error}"))
}
