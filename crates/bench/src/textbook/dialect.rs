//! The statements of the repository.

use diesel::{QueryResult, r2d2::R2D2Connection, result::Error};
use gochat_domain::{
    group::{Group, GroupId, NewGroup},
    member::Member,
};

/// A connection with the statements in its database's dialect.
pub trait Dialect: R2D2Connection + 'static {
    /// Does the work in a transaction that may write.
    fn transact<T, E: From<Error>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>;

    /// Inserts a group, and returns its id; `None` if the name is taken.
    fn insert(&mut self, group: &NewGroup) -> QueryResult<Option<i64>>;

    /// Reads a group, and keeps others from changing it until the end of the transaction.
    fn lock(&mut self, id: GroupId) -> QueryResult<Option<Group>>;

    /// Stores the fields that may change.
    fn update(&mut self, group: &Group) -> QueryResult<usize>;

    /// Stores a membership, unless it exists.
    fn insert_member(&mut self, member: &Member) -> QueryResult<usize>;

    /// Deletes a group, and its memberships with it.
    fn delete(&mut self, id: GroupId) -> QueryResult<usize>;
}

/// Implements [`Dialect`], given the method that begins a transaction, the function that inserts a group, and the texts
/// that differ. A macro, because Diesel's types of a statement name its database.
macro_rules! impl_dialect {
    ($connection:ty, $transaction:ident, $insert:path, $lock:expr, $insert_member:expr) => {
        impl crate::textbook::dialect::Dialect for $connection {
            fn transact<T, E: From<diesel::result::Error>>(
                &mut self,
                work: impl FnOnce(&mut Self) -> Result<T, E>,
            ) -> Result<T, E> {
                self.$transaction(work)
            }

            fn insert(&mut self, group: &NewGroup) -> QueryResult<Option<i64>> {
                $insert(self, group)
            }

            fn lock(&mut self, id: GroupId) -> QueryResult<Option<Group>> {
                let row: Option<Row> =
                    sql_query($lock).bind::<BigInt, _>(id.get()).get_result(self).optional()?;
                row.map(Group::try_from).transpose()
            }

            fn update(&mut self, group: &Group) -> QueryResult<usize> {
                sql_query(
                    "UPDATE groups SET name = $1, token = $2, admin_id = $3, version = $4 WHERE id = $5",
                )
                .bind::<Text, _>(group.name.as_str())
                .bind::<Text, _>(group.token.as_str())
                .bind::<BigInt, _>(group.admin_id.get())
                .bind::<BigInt, _>(group.version.get())
                .bind::<BigInt, _>(group.id.get())
                .execute(self)
            }

            fn insert_member(&mut self, member: &Member) -> QueryResult<usize> {
                sql_query($insert_member)
                    .bind::<BigInt, _>(member.group_id.get())
                    .bind::<BigInt, _>(member.user_id.get())
                    .bind::<BigInt, _>(member.joined_at.unix_micros())
                    .execute(self)
            }

            fn delete(&mut self, id: GroupId) -> QueryResult<usize> {
                sql_query("DELETE FROM groups WHERE id = $1").bind::<BigInt, _>(id.get()).execute(self)
            }
        }
    };
}
