//! Rows of `groups`.

use crate::{
    Fault,
    connection::AnyConnection,
    schema::groups,
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, Queryable, RunQueryDsl, Selectable,
    SelectableHelper,
};
use gochat_domain::{
    group::{Group, GroupId, GroupKey, GroupName, GroupToken, Version},
    user::UserId,
};
use std::fmt::Display;

/// A row of `groups`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = groups)]
pub(crate) struct GroupRow {
    id: i64,
    uuid: UuidValue,
    name: String,
    token: String,
    admin_id: i64,
    created_at: TimestampValue,
    version: i64,
}

impl TryFrom<GroupRow> for Group {
    type Error = Fault;

    fn try_from(row: GroupRow) -> Result<Self, Fault> {
        let id = row.id;
        let broken = |what: &dyn Display| Fault::Unknown(format!("groups row {id}: {what}"));
        Ok(Self {
            id: GroupId::new(id).map_err(|error| broken(&error))?,
            uuid: row.uuid.0,
            name: GroupName::parse_existing(row.name).map_err(|error| broken(&error))?,
            token: GroupToken::parse(row.token).map_err(|error| broken(&error))?,
            admin_id: UserId::new(row.admin_id).map_err(|error| broken(&error))?,
            created_at: row.created_at.0,
            version: Version::new(row.version).map_err(|error| broken(&error))?,
        })
    }
}

/// Converts an id from the database.
pub(crate) fn group_id(id: i64) -> Result<GroupId, Fault> {
    GroupId::new(id).map_err(|error| Fault::Unknown(format!("the database returned the id {id}: {error}")))
}

/// Converts a user's id from the database.
pub(crate) fn user_id(id: i64) -> Result<UserId, Fault> {
    UserId::new(id).map_err(|error| Fault::Unknown(format!("the database returned the user {id}: {error}")))
}

/// Returns the group with this key.
///
/// No `LIMIT`, as each key is unique: SQLite would recompile the statement each time a `LIMIT` is bound.
pub(crate) fn find_group(connection: &mut AnyConnection, key: &GroupKey) -> Result<Option<Group>, Fault> {
    /// The same statement on the connection of either database: on `AnyConnection`, Diesel would write its text anew
    /// each time.
    macro_rules! row {
        ($connection:ident) => {{
            let groups = groups::table.select(GroupRow::as_select());
            match key {
                GroupKey::Id(id) => groups.filter(groups::id.eq(id.get())).get_result($connection),
                GroupKey::Uuid(uuid) => {
                    groups.filter(groups::uuid.eq(UuidValue(*uuid))).get_result($connection)
                }
                GroupKey::Name(name) => groups.filter(groups::name.eq(name.as_str())).get_result($connection),
            }
        }};
    }
    let row: QueryResult<GroupRow> = match connection {
        AnyConnection::Sqlite(connection) => row!(connection),
        AnyConnection::Postgres(connection) => row!(connection),
    };
    row.optional()?.map(Group::try_from).transpose()
}
