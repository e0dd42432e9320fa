//! Stores changed rows of `groups`.

use crate::{Fault, connection::AnyConnection, prepared_statement::prepared_statement, schema::groups};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl,
    dsl::sql,
    pg::Pg,
    sql_types::{Array, BigInt, Text},
};
use gochat_domain::group::{Group, GroupId};

/// Gives the groups names that no group can have, as names have no control character.
pub(super) fn set_temporary_names(connection: &mut AnyConnection, ids: &[GroupId]) -> Result<(), Fault> {
    for id in ids {
        let row = diesel::update(groups::table.find(id.get()));
        match connection {
            AnyConnection::Sqlite(connection) => {
                row.set(groups::name.eq(sql::<Text>("char(1) || hex(uuid)"))).execute(connection)?
            }
            AnyConnection::Postgres(connection) => {
                row.set(groups::name.eq(sql::<Text>("chr(1) || uuid"))).execute(connection)?
            }
        };
    }
    Ok(())
}

/// Stores the fields that can change.
pub(super) fn update(connection: &mut AnyConnection, changed: &[&Group]) -> Result<(), Fault> {
    match connection {
        AnyConnection::Sqlite(connection) => {
            for group in changed {
                diesel::update(groups::table.find(group.id.get()))
                    .set((
                        groups::name.eq(group.name.as_str()),
                        groups::token.eq(group.token.as_str()),
                        groups::admin_id.eq(group.admin_id.get()),
                        groups::version.eq(group.version.get()),
                    ))
                    .execute(connection)?;
            }
        }
        AnyConnection::Postgres(connection) => {
            let column = |field: fn(&Group) -> i64| changed.iter().map(|group| field(group)).collect();
            Update {
                ids: column(|group| group.id.get()),
                names: changed.iter().map(|group| group.name.as_str().to_owned()).collect(),
                tokens: changed.iter().map(|group| group.token.as_str().to_owned()).collect(),
                admin_ids: column(|group| group.admin_id.get()),
                versions: column(|group| group.version.get()),
            }
            .execute(connection)?;
        }
    }
    Ok(())
}

prepared_statement! {
    struct Update for PgConnection, Pg => ();
    "UPDATE groups
     SET name = given.name, token = given.token, admin_id = given.admin_id, version = given.version
     FROM unnest(" [ids: Vec<i64> as Array<BigInt>] ", " [names: Vec<String> as Array<Text>]
    ", " [tokens: Vec<String> as Array<Text>] ", " [admin_ids: Vec<i64> as Array<BigInt>]
    ", " [versions: Vec<i64> as Array<BigInt>] ") AS given (id, name, token, admin_id, version)
     WHERE groups.id = given.id"
}
