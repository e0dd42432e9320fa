//! The statements of the repository.

use diesel::{QueryResult, r2d2::R2D2Connection, result::Error};
use gochat_domain::{
    clock::Timestamp,
    group::{Group, GroupId, NewGroup},
    member::Member,
    user::UserId,
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

    /// Deletes a group. Its memberships stay, because no load deletes groups.
    fn delete(&mut self, id: GroupId) -> QueryResult<usize>;

    /// Stores a membership, unless it exists.
    fn insert_member(&mut self, member: &Member) -> QueryResult<usize>;

    /// Reads the time of a membership.
    fn joined_at(&mut self, group: GroupId, user: UserId) -> QueryResult<Option<Timestamp>>;

    /// Deletes a membership.
    fn delete_member(&mut self, member: &Member) -> QueryResult<usize>;
}

/// SQL of the statements that differ between the databases.
pub(super) struct Texts {
    pub(super) lock: &'static str,
    pub(super) insert_member: &'static str,
    pub(super) joined_at: &'static str,
}

/// Implements [`Dialect`], given the method that begins a transaction, the function that inserts a group, and the
/// [`Texts`]. A macro, because the type of a Diesel statement depends on the database.
macro_rules! impl_dialect {
    ($connection:ty, $transaction:ident, $insert:path, $texts:path) => {
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
                    Statement::<RowSql>::new($texts.lock, &[Number(id.get())]).get_result(self).optional()?;
                row.map(Group::try_from).transpose()
            }

            fn update(&mut self, group: &Group) -> QueryResult<usize> {
                let values = [
                    Text(group.name.as_str()),
                    Text(group.token.as_str()),
                    Number(group.admin_id.get()),
                    Number(group.version.get()),
                    Number(group.id.get()),
                ];
                let sql = "UPDATE groups SET name = ?, token = ?, admin_id = ?, version = ? WHERE id = ?";
                Statement::<()>::new(sql, &values).execute(self)
            }

            fn delete(&mut self, id: GroupId) -> QueryResult<usize> {
                Statement::<()>::new("DELETE FROM groups WHERE id = ?", &[Number(id.get())]).execute(self)
            }

            fn insert_member(&mut self, member: &Member) -> QueryResult<usize> {
                let values = [
                    Number(member.group_id.get()),
                    Number(member.user_id.get()),
                    Number(member.joined_at.unix_micros()),
                ];
                Statement::<()>::new($texts.insert_member, &values).execute(self)
            }

            fn joined_at(&mut self, group: GroupId, user: UserId) -> QueryResult<Option<Timestamp>> {
                let values = [Number(group.get()), Number(user.get())];
                let micros: Option<i64> =
                    Statement::<BigInt>::new($texts.joined_at, &values).get_result(self).optional()?;
                micros.map(row::timestamp).transpose()
            }

            fn delete_member(&mut self, member: &Member) -> QueryResult<usize> {
                let values = [Number(member.group_id.get()), Number(member.user_id.get())];
                let sql = "DELETE FROM members WHERE group_id = ? AND user_id = ?";
                Statement::<()>::new(sql, &values).execute(self)
            }
        }
    };
}
