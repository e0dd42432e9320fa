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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection::Role, testing};
    use gochat_test_support::TestDatabase;

    /// PostgreSQL stores only texts in UTF-8.
    #[test]
    fn an_error_says_what_is_wrong_in_which_row_or_column() {
        let database = TestDatabase::sqlite().unwrap();
        let mut connection = testing::migrated(&database).open(Role::Reader).unwrap();
        let mut stored = |name: &str, token: &str, created_at: &str| {
            let columns = "id, uuid, name, token, admin_id, created_at, version";
            let row = format!("1, x'0190b2c4d5e67890abcdef0123456789', {name}, {token}, 1, {created_at}, 1");
            database.execute(&format!("INSERT OR REPLACE INTO groups ({columns}) VALUES ({row})")).unwrap();
            let found = find_group(&mut connection, &GroupKey::Id(GroupId::new(1).unwrap()));
            let texts = |group: Group| (group.name.as_str().to_owned(), group.token.as_str().to_owned());
            found.map(|group| group.map(texts)).map_err(|fault| fault.to_string())
        };
        let replacement_character = ("\u{fffd}".to_owned(), "t\u{fffd}".to_owned());
        assert_eq!(stored("'\u{fffd}'", "'t\u{fffd}'", "0"), Ok(Some(replacement_character)));
        for (name, token, created_at, error) in [
            ("' g'", "'t'", "0", "groups row 1: name must not begin or end with white space"),
            ("'g'", "'t' || char(9)", "0", "groups row 1: token must not contain control characters"),
            (
                "CAST(x'67ff' AS TEXT)",
                "'t'",
                "0",
                "Error deserializing field 'name': invalid utf-8 sequence of 1 bytes from index 1",
            ),
            (
                "'g'",
                "CAST(x'c3' AS TEXT)",
                "0",
                "Error deserializing field 'token': incomplete utf-8 byte sequence from index 0",
            ),
            (
                "'g'",
                "'t'",
                "9223372036854775807",
                "Error deserializing field 'created_at': 9223372036854775807 µs is not a valid timestamp",
            ),
        ] {
            assert_eq!(stored(name, token, created_at), Err(error.to_owned()));
        }
    }
}
