//! The usual repository: a connection pool, and one transaction per request. It does not block the threads that serve HTTP, and
//! statements are prepared once.

#[macro_use]
mod dialect;
mod postgres;
mod row;
mod sqlite;

use anyhow::anyhow;
use async_trait::async_trait;
use dialect::Dialect;
use diesel::{
    PgConnection, SqliteConnection,
    r2d2::{ConnectionManager, Pool},
    result::{DatabaseErrorKind, Error},
};
use gochat_domain::{
    clock::Timestamp,
    group::{Created, Expected, Group, GroupChange, GroupId, Idempotency, NewGroup},
    ports::{ChangeGroupError, CreateGroupError, DeleteGroupError, GroupRepository, StorageError},
};
use std::fmt::Display;

/// A repository with one transaction per request.
pub struct TextbookGroups<C: Dialect>(Pool<ConnectionManager<C>>);

/// The repository on the SQLite file of a `sqlite://` URL, tuned as well as possible without group commit: in WAL mode, and with one
/// connection that is not tested before each use. More connections would only compete for the one lock.
pub fn sqlite(url: &str) -> anyhow::Result<TextbookGroups<SqliteConnection>> {
    let builder = Pool::builder().max_size(1).test_on_check_out(false);
    let builder = builder.connection_customizer(Box::new(sqlite::Durable));
    Ok(TextbookGroups(builder.build(ConnectionManager::new(url.trim_start_matches("sqlite://")))?))
}

/// The repository on PostgreSQL, with r2d2's default pool: ten connections, each tested before each use.
pub fn postgres(url: &str) -> anyhow::Result<TextbookGroups<PgConnection>> {
    Ok(TextbookGroups(Pool::builder().build(ConnectionManager::new(url))?))
}

impl<C: Dialect> TextbookGroups<C> {
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

#[async_trait]
impl<C: Dialect> GroupRepository for TextbookGroups<C> {
    async fn create(
        &self,
        group: NewGroup,
        idempotency: Option<Idempotency>,
    ) -> Result<Created, CreateGroupError> {
        if idempotency.is_some() {
            return Err(unknown("the textbook knows no Idempotency-Key").into());
        }
        self.transact(move |connection| {
            let id = connection.insert(&group)?.ok_or(Failure(CreateGroupError::NameTaken))?;
            let group = group.with_id(GroupId::new(id).map_err(|error| Failure(unknown(error).into()))?);
            Ok(Created { group, replayed: false })
        })
        .await
    }

    async fn change(
        &self,
        id: GroupId,
        change: GroupChange,
        expected: Expected,
        moment: Timestamp,
    ) -> Result<Group, ChangeGroupError> {
        self.transact(move |connection| {
            let group = connection.lock(id)?.ok_or(Failure(ChangeGroupError::NotFound))?;
            let changed = group.apply(&change, &expected).map_err(|refused| Failure(refused.into()))?;
            connection.update(&changed).map_err(|error| match error {
                Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                    Failure(ChangeGroupError::NameTaken)
                }
                error => error.into(),
            })?;
            for member in group.memberships_of_hand_over(&changed, moment).into_iter().flatten() {
                connection.insert_member(&member)?;
            }
            Ok(changed)
        })
        .await
    }

    async fn delete(&self, id: GroupId, expected: Expected) -> Result<Group, DeleteGroupError> {
        self.transact(move |connection| {
            let group = connection.lock(id)?.ok_or(Failure(DeleteGroupError::NotFound))?;
            expected.check(group.version).map_err(|failed| Failure(failed.into()))?;
            connection.delete(id)?;
            Ok(group)
        })
        .await
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
