//! The repository that most people write: a pool, and a transaction a request. Nothing blocks the threads that serve
//! HTTP, and statements are prepared once.

mod postgres;
mod sqlite;

use anyhow::anyhow;
use async_trait::async_trait;
use diesel::{
    Connection, PgConnection, SqliteConnection,
    r2d2::{ConnectionManager, Pool, R2D2Connection},
};
use gochat_domain::{
    group::{Created, GroupId, Idempotency, NewGroup},
    ports::{CreateGroupError, GroupRepository, StorageError},
};
use std::fmt::Display;

/// Groups in a database, a transaction each.
pub struct TextbookGroups<C: R2D2Connection + 'static> {
    pool: Pool<ConnectionManager<C>>,
    insert: fn(&mut C, &NewGroup) -> diesel::QueryResult<Option<i64>>,
}

/// On the SQLite file of a `sqlite://` URL, tuned as well as can be without group commit: in WAL mode, and with one
/// connection that is not tested before each use, as more of them only fight for the one lock there is.
pub fn sqlite(url: &str) -> anyhow::Result<TextbookGroups<SqliteConnection>> {
    let builder = Pool::builder().max_size(1).test_on_check_out(false);
    let builder = builder.connection_customizer(Box::new(sqlite::Durable));
    let pool = builder.build(ConnectionManager::new(url.trim_start_matches("sqlite://")))?;
    Ok(TextbookGroups { pool, insert: sqlite::insert })
}

/// On PostgreSQL, with the pool as r2d2 makes it: ten connections, each tested before it is used.
pub fn postgres(url: &str) -> anyhow::Result<TextbookGroups<PgConnection>> {
    Ok(TextbookGroups { pool: Pool::builder().build(ConnectionManager::new(url))?, insert: postgres::insert })
}

#[async_trait]
impl<C: R2D2Connection + Connection + 'static> GroupRepository for TextbookGroups<C> {
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        if idempotency.is_some() {
            return Err(unknown("the textbook knows no Idempotency-Key").into());
        }
        let (pool, insert) = (self.pool.clone(), self.insert);
        let work = move || {
            let mut connection = pool.get().map_err(|error| StorageError::Unavailable(error.into()))?;
            let id = insert(&mut connection, &group).map_err(unknown)?.ok_or(CreateGroupError::NameTaken)?;
            let group = group.with_id(GroupId::new(id).map_err(unknown)?);
            Ok(Created { group, replayed: false })
        };
        tokio::task::spawn_blocking(work).await.map_err(unknown)?
    }
}

fn unknown(error: impl Display) -> StorageError {
    StorageError::Unknown(anyhow!("{error}"))
}
