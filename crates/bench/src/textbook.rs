//! The usual repository: a connection pool, and one transaction per request. It does not block the threads that serve HTTP, and
//! statements are prepared once.

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

/// A repository with one transaction per create.
pub struct TextbookGroups<C: R2D2Connection + 'static> {
    pool: Pool<ConnectionManager<C>>,
    insert: fn(&mut C, &NewGroup) -> diesel::QueryResult<Option<i64>>,
}

/// The repository on the SQLite file of a `sqlite://` URL, tuned as well as possible without group commit: in WAL mode, and with one
/// connection that is not tested before each use. More connections would only compete for the one lock.
pub fn sqlite(url: &str) -> anyhow::Result<TextbookGroups<SqliteConnection>> {
    let builder = Pool::builder().max_size(1).test_on_check_out(false);
    let builder = builder.connection_customizer(Box::new(sqlite::Durable));
    let pool = builder.build(ConnectionManager::new(url.trim_start_matches("sqlite://")))?;
    Ok(TextbookGroups { pool, insert: sqlite::insert })
}

/// The repository on PostgreSQL, with r2d2's default pool: ten connections, each tested before each use.
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
