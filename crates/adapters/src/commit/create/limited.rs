//! Creates where a limit on groups is set.

use super::{Outcome, insert_unlimited, postgres};
use crate::{
    Fault,
    commit::{quotas::Quotas, write::Attempt},
    connection::AnyConnection,
    schema::groups,
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use gochat_domain::{
    group::{GroupId, NewGroup},
    limits::Limits,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Stores the groups whose names are free and which the limits admit.
///
/// A create whose name is taken must not use up the limit of another one in the batch. So taken names are looked up
/// before the limits decide, unless there is room for all.
pub(super) fn insert(
    connection: &mut AnyConnection,
    groups: &[&NewGroup],
    limits: &Limits,
    attempt: Attempt,
) -> Result<Vec<Outcome>, Fault> {
    let administrators: Vec<_> = groups.iter().map(|group| group.admin_id).collect();
    let mut quotas = Quotas::of_creates(connection, limits, &administrators)?;
    if quotas.clone().admit_groups(&administrators).is_ok() {
        return Ok(insert_unlimited(connection, groups, attempt)?.into_iter().map(Outcome::from).collect());
    }
    let mut taken = taken_names(connection, groups)?;
    let stored = stored_by_earlier_attempt(connection, groups, attempt)?;
    let mut decide = |group: &NewGroup| {
        if let Some(id) = stored.get(&group.uuid) {
            return Some(Outcome::Stored(*id));
        }
        if taken.contains(group.name.as_str()) {
            return Some(Outcome::NameTaken);
        }
        if let Err(limit) = quotas.admit_group(group.admin_id) {
            return Some(Outcome::TooManyGroups(limit));
        }
        taken.insert(group.name.as_str().to_owned());
        None
    };
    let decided: Vec<_> = groups.iter().map(|group| decide(group)).collect();
    let admitted: Vec<_> = groups
        .iter()
        .zip(&decided)
        .filter(|(_, outcome)| outcome.is_none())
        .map(|(group, _)| *group)
        .collect();
    let inserted = insert_unlimited(connection, &admitted, attempt)?;
    let is_full = decided.iter().any(|outcome| matches!(outcome, Some(Outcome::TooManyGroups(_))));
    if is_full && inserted.contains(&None) {
        // A rename, or a create of another administrator, took a name after it was looked up. After an `Unnamed` fault
        // the writer commits each lane again, and the limit admits another group in place of the one whose name was
        // taken.
        return Err(Fault::Unnamed("a name was taken before a limit was reached".to_owned()));
    }
    let mut inserted = inserted.into_iter().map(Outcome::from);
    decided
        .into_iter()
        .map(|outcome| outcome.or_else(|| inserted.next()))
        .map(|outcome| outcome.ok_or_else(|| Fault::Unknown("a create has no outcome".to_owned())))
        .collect()
}

/// Returns the names that stored groups have.
fn taken_names(connection: &mut AnyConnection, groups: &[&NewGroup]) -> Result<HashSet<String>, Fault> {
    let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
    let taken = match connection {
        AnyConnection::Sqlite(connection) => {
            let mut taken = Vec::new();
            for name in names {
                taken.extend(
                    groups::table.filter(groups::name.eq(name)).select(groups::name).load(connection)?,
                );
            }
            taken
        }
        AnyConnection::Postgres(connection) => {
            groups::table.filter(groups::name.eq_any(names)).select(groups::name).load(connection)?
        }
    };
    Ok(taken.into_iter().collect())
}

/// Returns the ids of the groups that an earlier attempt has stored, by UUID. SQLite has none: it rolls back a transaction
/// that loses its connection.
fn stored_by_earlier_attempt(
    connection: &mut AnyConnection,
    groups: &[&NewGroup],
    attempt: Attempt,
) -> Result<HashMap<Uuid, GroupId>, Fault> {
    match (connection, attempt) {
        (AnyConnection::Postgres(connection), Attempt::Resend) => postgres::find_ids(connection, groups),
        _ => Ok(HashMap::new()),
    }
}
