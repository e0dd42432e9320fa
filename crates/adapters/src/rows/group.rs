//! Rows of `groups`.

use crate::{
    Fault,
    connection::{AnyConnection, MultiBackend},
    prepared_statement::prepared_statement,
    schema::groups,
    sql_types::{TimestampValue, UuidValue},
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryResult, Queryable, RunQueryDsl, Selectable,
    SelectableHelper, sql_types::BigInt,
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

/// Returns the greatest id of a group; 0 without groups.
pub(crate) fn greatest_group_id(connection: &mut AnyConnection) -> Result<i64, Fault> {
    Ok(GreatestId {}.get_result(connection)?)
}

prepared_statement! {
    /// For `max(id)`, PostgreSQL would read the whole index by administrator, until the next ping, if the statement was
    /// planned while there were no groups.
    struct GreatestId for AnyConnection, MultiBackend => BigInt;
    "SELECT coalesce((SELECT id FROM groups ORDER BY id DESC LIMIT 1), 0)"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connection::Role, testing};
    use gochat_test_support::{Backend, run_case};

    #[test]
    fn an_error_says_what_is_wrong_in_which_row_or_column() {
        run_case(Backend::ALL, |database| {
            let mut connection = testing::migrated(&database).open(Role::Reader)?;
            let (uuid, epoch, late, tab) = match database.backend() {
                Backend::Sqlite => {
                    ("x'0190b2c4d5e67890abcdef0123456789'", "0", "9223372036854775807", "char(9)")
                }
                Backend::Postgres => ("gen_random_uuid()", "'epoch'", "'infinity'", "chr(9)"),
            };
            database.execute(&format!(
                "INSERT INTO groups (id, uuid, name, token, admin_id, created_at) VALUES (1, {uuid}, 'g', 't', 1, {epoch})"
            ))?;
            let mut found = |column: &str, value: &str| {
                database.execute(&format!(
                    "UPDATE groups SET name = 'g', token = 't', created_at = {epoch};
                     UPDATE groups SET {column} = {value}"
                ))?;
                let found = find_group(&mut connection, &GroupKey::Id(GroupId::new(1)?));
                anyhow::Ok(found.map(|group| group.map(|group| group.name.as_str().to_owned())))
            };
            let mut wrong = vec![
                ("name", "' g'", "groups row 1: name must not begin or end with white space"),
                ("token", tab, "groups row 1: token must not contain control characters"),
                (
                    "created_at",
                    late,
                    "Error deserializing field 'created_at': 9223372036854775807 µs is not a valid timestamp",
                ),
            ];
            // PostgreSQL stores only texts in UTF-8.
            if database.backend() == Backend::Sqlite {
                let error =
                    "Error deserializing field 'name': invalid utf-8 sequence of 1 bytes from index 1";
                wrong.push(("name", "CAST(x'67ff' AS TEXT)", error));
            }
            for (column, value, error) in wrong {
                assert_eq!(found(column, value)?.unwrap_err().to_string(), error);
            }
            // A replacement character is a character like others.
            assert_eq!(found("name", "'\u{fffd}'")?.unwrap(), Some("\u{fffd}".to_owned()));
            Ok(())
        });
    }
}
