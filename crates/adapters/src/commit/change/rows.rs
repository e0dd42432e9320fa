//! Stores changed rows of `groups`.

use super::names::Names;
use crate::{Fault, connection::AnyConnection, prepared_statement::prepared_statement, schema::groups};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl, SqliteConnection,
    pg::Pg,
    sql_types::{Array, BigInt, Text},
};
use gochat_domain::group::{Group, GroupId};
use std::collections::{BTreeMap, HashSet};

/// Stores the fields of `changed` that can change. The groups are in the order of their ids.
///
/// A group may take a name that another group of the batch gives up. The changes were decided in the order of ids, so
/// the group that gives up the name has the smaller id, and is updated first.
pub(super) fn update(
    connection: &mut AnyConnection,
    changed: &[&Group],
    before: &BTreeMap<GroupId, Group>,
    names: Names,
) -> Result<(), Fault> {
    match connection {
        AnyConnection::Sqlite(connection) => update_each(connection, changed),
        AnyConnection::Postgres(connection) => update_all(connection, changed, before, names.placeholders),
    }
}

fn update_each(connection: &mut SqliteConnection, changed: &[&Group]) -> Result<(), Fault> {
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
    Ok(())
}

/// One statement updates the rows in any order. So names that pass from one group to another are freed before it.
fn update_all(
    connection: &mut PgConnection,
    changed: &[&Group],
    before: &BTreeMap<GroupId, Group>,
    placeholders: Vec<i64>,
) -> Result<(), Fault> {
    let wanted: HashSet<_> = changed.iter().map(|group| &group.name).collect();
    let is_giver = |group: &&&Group| {
        before.get(&group.id).is_some_and(|before| before.name != group.name && wanted.contains(&before.name))
    };
    let givers: Vec<_> = changed.iter().filter(is_giver).map(|group| group.id.get()).collect();
    if !givers.is_empty() {
        SetTemporaryNames { ids: givers }.execute(connection)?;
    }
    let column = |field: fn(&Group) -> i64| changed.iter().map(|group| field(group)).collect();
    Update {
        placeholders,
        ids: column(|group| group.id.get()),
        names: changed.iter().map(|group| group.name.as_str().to_owned()).collect(),
        tokens: changed.iter().map(|group| group.token.as_str().to_owned()).collect(),
        admin_ids: column(|group| group.admin_id.get()),
        versions: column(|group| group.version.get()),
        of_ids: column(|group| group.id.get()),
    }
    .execute(connection)?;
    Ok(())
}

prepared_statement! {
    /// Sets names that no group can have, as names have no control character.
    struct SetTemporaryNames for PgConnection, Pg => ();
    "UPDATE groups SET name = chr(1) || uuid WHERE id = ANY(" [ids: Vec<i64> as Array<BigInt>] ")"
}

prepared_statement! {
    /// Deletes the placeholders before the first update, because each row to update is joined with the number of deleted
    /// rows. `of_ids` repeats `ids`, so that a plan made for an empty table uses the primary key.
    struct Update for PgConnection, Pg => ();
    "WITH deleted AS (DELETE FROM groups WHERE id = ANY(" [placeholders: Vec<i64> as Array<BigInt>] ") RETURNING id)
     UPDATE groups
     SET name = given.name, token = given.token, admin_id = given.admin_id, version = given.version
     FROM (SELECT count(*) FROM deleted) AS placeholders CROSS JOIN unnest(" [ids: Vec<i64> as Array<BigInt>]
    ", " [names: Vec<String> as Array<Text>] ", " [tokens: Vec<String> as Array<Text>]
    ", " [admin_ids: Vec<i64> as Array<BigInt>] ", " [versions: Vec<i64> as Array<BigInt>]
    ") AS given (id, name, token, admin_id, version)
     WHERE groups.id = given.id AND groups.id = ANY(" [of_ids: Vec<i64> as Array<BigInt>] ")"
}
