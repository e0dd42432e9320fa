//! Look-ups of many groups.

use super::{GroupRow, find_group};
use crate::{
    Fault,
    connection::AnyConnection,
    prepared_statement::prepared_statement,
    sql_types::{UuidSql, UuidValue},
};
use diesel::{
    Connection, PgConnection, RunQueryDsl, Selectable,
    dsl::SqlTypeOf,
    pg::Pg,
    sql_types::{Array, BigInt, Text},
};
use gochat_domain::group::{Group, GroupKey};
use std::iter;

/// Returns the groups with these keys, in the order of the keys.
pub(crate) fn find_groups(
    connection: &mut AnyConnection,
    keys: &[&GroupKey],
) -> Result<Vec<Option<Group>>, Fault> {
    if let [key] = keys {
        return Ok(vec![find_group(connection, key)?]);
    }
    match connection {
        AnyConnection::Sqlite(_) => find_each(connection, keys),
        AnyConnection::Postgres(connection) => find_all(connection, keys),
    }
}

/// One transaction, so that SQLite takes its lock once.
fn find_each(connection: &mut AnyConnection, keys: &[&GroupKey]) -> Result<Vec<Option<Group>>, Fault> {
    connection.transaction(|connection| keys.iter().map(|key| find_group(connection, key)).collect())
}

/// One statement for each kind of key.
fn find_all(connection: &mut PgConnection, keys: &[&GroupKey]) -> Result<Vec<Option<Group>>, Fault> {
    let (mut ids, mut uuids, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for key in keys {
        match key {
            GroupKey::Id(id) => ids.push(id.get()),
            GroupKey::Uuid(uuid) => uuids.push(UuidValue(*uuid)),
            GroupKey::Name(name) => names.push(name.as_str().to_owned()),
        }
    }
    let mut rows: Vec<GroupRow> = Vec::new();
    if !ids.is_empty() {
        rows.append(&mut FindByIds { ids }.load(connection)?);
    }
    if !uuids.is_empty() {
        rows.append(&mut FindByUuids { uuids }.load(connection)?);
    }
    if !names.is_empty() {
        rows.append(&mut FindByNames { names }.load(connection)?);
    }
    let mut found = vec![None; keys.len()];
    for row in rows {
        let group = Group::try_from(row)?;
        let mut answers = iter::zip(keys, &mut found).filter(|(key, _)| key.is_of(&group));
        // The first answer takes the group itself, because most groups are looked up once.
        let Some((_, first)) = answers.next() else { continue };
        answers.for_each(|(_, other)| *other = Some(group.clone()));
        *first = Some(group);
    }
    Ok(found)
}

type Columns = SqlTypeOf<<GroupRow as Selectable<Pg>>::SelectExpression>;

// The keys are a subquery, so that PostgreSQL expects the same number of them in each execution and keeps one plan. If it
// saw the keys, a plan for just a few would look cheaper than the kept one, and it would plan each execution anew.

prepared_statement! {
    struct FindByIds for PgConnection, Pg => Columns;
    "SELECT id, uuid, name, token, admin_id, created_at, version FROM \"groups\" WHERE id = ANY((SELECT " [ids: Vec<i64> as Array<BigInt>] ")::bigint[])"
}

prepared_statement! {
    struct FindByUuids for PgConnection, Pg => Columns;
    "SELECT id, uuid, name, token, admin_id, created_at, version FROM \"groups\" WHERE uuid = ANY((SELECT " [uuids: Vec<UuidValue> as Array<UuidSql>] ")::uuid[])"
}

prepared_statement! {
    struct FindByNames for PgConnection, Pg => Columns;
    "SELECT id, uuid, name, token, admin_id, created_at, version FROM \"groups\" WHERE name = ANY((SELECT " [names: Vec<String> as Array<Text>] ")::text[])"
}
