//! Changes of names and tokens in one statement, which is a transaction of its own, on PostgreSQL.
//!
//! The domain decides on groups that the writer remembers. The statement locks the groups, and stores only the changes of
//! those that still have the remembered version, and whose new names no other group has. All other changes of the batch,
//! including those that will be refused, are decided again in a transaction. So are all changes of a group that has many
//! in the batch: the statement stores one change of each group at a time, and each time looks at all that are left.

use super::Change;
use crate::{
    commit::{
        session::{Failure, Session},
        write::Write,
    },
    connection::FLUSH_EACH_COMMIT,
    prepared_statement::prepared_statement,
};
use diesel::{
    PgConnection, RunQueryDsl,
    pg::Pg,
    sql_types::{Array, BigInt, Text},
};
use gochat_domain::group::{Group, GroupId, GroupName, Version};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    iter,
};

/// Maximum number of steps of one group. If it has more, all of them are left to the transaction, because the time of a call
/// grows with the cube of this number.
const MAX_STEPS_OF_GROUP: usize = 16;

/// Commits changes in one statement, and returns their outcomes. Changes without one are not committed. `changes` are the
/// whole batch.
pub(in crate::commit) fn commit(
    session: &mut Session,
    changes: &[&Change],
) -> Result<Vec<Option<<Change as Write>::Outcome>>, Failure> {
    let ids: BTreeSet<_> = changes.iter().map(|change| change.id).collect();
    let groups = session.recall_groups(&ids)?;
    let steps = if share_names(changes, &groups) { Vec::new() } else { steps(changes, groups) };
    let mut stored = Vec::new();
    if !steps.is_empty() {
        let committed = session.statement(|connection| {
            stored = ChangeGroups::new(&steps).load::<i64>(connection.postgres()?)?;
            Ok(())
        });
        match committed {
            // Another transaction has taken or may take one of the names. Nothing is committed here, and the changes are
            // decided again in a transaction of the batch, which waits for the other one.
            Err(Failure::NotCommitted(fault)) if fault.may_be_caused_by_one_row() => {}
            committed => committed?,
        }
    }
    let mut outcomes: Vec<_> = iter::repeat_with(|| None).take(changes.len()).collect();
    let stored: BTreeSet<_> = stored.into_iter().collect();
    for (number, step) in (1..).zip(steps) {
        if stored.contains(&number) {
            outcomes[step.position] = Some(Ok(step.after));
        }
    }
    for (change, outcome) in iter::zip(changes, &outcomes) {
        match outcome {
            Some(Ok(group)) => session.remembered_groups().remember(group.clone()),
            _ => session.remembered_groups().forget(change.id),
        }
    }
    Ok(outcomes)
}

/// Returns true if two groups of the batch have or want the same name. Then the order of their changes matters: one may
/// take the name that the other one gives up.
fn share_names(changes: &[&Change], groups: &BTreeMap<GroupId, Group>) -> bool {
    let mut groups_by_name = HashMap::<&GroupName, GroupId>::new();
    changes
        .iter()
        .filter_map(|change| Some((groups.get(&change.id)?, change.fields.name()?)))
        .flat_map(|(group, wanted)| [(&group.name, group.id), (wanted, group.id)])
        .any(|(name, id)| *groups_by_name.entry(name).or_insert(id) != id)
}

/// One change of a group.
struct Step {
    /// The position of the change in the batch.
    position: usize,
    before: Version,
    after: Group,
}

/// Decides the changes one after another, and returns those that change only a name or a token, in the order in which they
/// are stored.
///
/// After a change that is left to the transaction, all later changes of its group are left to it too. If the group has more
/// than [`MAX_STEPS_OF_GROUP`], all of them are.
fn steps(changes: &[&Change], mut groups: BTreeMap<GroupId, Group>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (position, change) in changes.iter().enumerate() {
        let Some(group) = groups.remove(&change.id) else { continue };
        let Ok(after) = group.apply(&change.fields, &change.expected) else { continue };
        let before = group.version;
        let stored =
            Group { name: after.name.clone(), token: after.token.clone(), version: after.version, ..group };
        if after.version == before || after != stored {
            continue;
        }
        groups.insert(after.id, after.clone());
        steps.push(Step { position, before, after });
    }
    let mut numbers = HashMap::<_, usize>::new();
    for step in &steps {
        *numbers.entry(step.after.id).or_default() += 1;
    }
    steps.retain(|step| numbers[&step.after.id] <= MAX_STEPS_OF_GROUP);
    // Creates take names in this order too, so that two transactions seldom want each other's names.
    steps.sort_by(|one, other| one.after.name.cmp(&other.after.name));
    steps
}

prepared_statement! {
    /// Calls the function of the database that stores the steps.
    struct ChangeGroups<'a> for PgConnection, Pg => BigInt;
    "WITH batch AS MATERIALIZED (SELECT " {FLUSH_EACH_COMMIT}
    ") SELECT step FROM batch CROSS JOIN change_groups("
    [ids: Vec<i64> as Array<BigInt>] ", " [old_versions: Vec<i64> as Array<BigInt>] ", "
    [new_versions: Vec<i64> as Array<BigInt>] ", " [names: Vec<&'a str> as Array<Text>] ", " [tokens: Vec<&'a str> as Array<Text>]
    ") AS step"
}

impl<'a> ChangeGroups<'a> {
    fn new(steps: &'a [Step]) -> Self {
        Self {
            ids: steps.iter().map(|step| step.after.id.get()).collect(),
            old_versions: steps.iter().map(|step| step.before.get()).collect(),
            new_versions: steps.iter().map(|step| step.after.version.get()).collect(),
            names: steps.iter().map(|step| step.after.name.as_str()).collect(),
            tokens: steps.iter().map(|step| step.after.token.as_str()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use gochat_domain::{
        group::Expected,
        limits::Limits,
        testing::{at, group_change},
    };
    use gochat_test_support::{Backend, TestDatabase, run_case};

    fn store_group(database: &TestDatabase, name: &str) -> anyhow::Result<GroupId> {
        let id = database.rows(&format!(
            "INSERT INTO groups (uuid, name, token, admin_id, created_at)
             VALUES (gen_random_uuid(), '{name}', 'old', 1, now()) RETURNING id::text"
        ))?;
        Ok(GroupId::parse(&id.concat().concat())?)
    }

    fn rename(id: GroupId, name: &str) -> Change {
        Change {
            id,
            fields: group_change(Some(name), None, None),
            expected: Expected::Any,
            moment: at(1),
            limits: Limits::default(),
        }
    }

    /// The second change is decided on the version that the first one makes. Another instance has made it already.
    #[test]
    fn no_change_is_stored_on_a_version_that_another_instance_has_made() {
        run_case([Backend::Postgres], |database| {
            let mut session = Session::open(&testing::migrated(&database)).unwrap();
            let id = store_group(&database, "old")?;
            let remembered = commit(&mut session, &[&rename(id, "remembered")]).ok().unwrap();
            assert!(matches!(&*remembered, [Some(Ok(group))] if group.version.get() == 2), "{remembered:?}");
            database.execute("UPDATE groups SET token = 'of another instance', version = 3")?;
            let changes = [rename(id, "second"), rename(id, "third")];
            let outcomes = commit(&mut session, &changes.each_ref()).ok().unwrap();
            assert!(matches!(&*outcomes, [None, None]), "{outcomes:?}");
            let rows = database.rows("SELECT name, token, version::text FROM groups")?;
            assert_eq!(rows, [["remembered", "of another instance", "3"]]);
            Ok(())
        });
    }

    #[test]
    fn all_changes_of_a_group_with_many_are_left_to_the_transaction() {
        run_case([Backend::Postgres], |database| {
            let mut session = Session::open(&testing::migrated(&database)).unwrap();
            let (few, many) = (store_group(&database, "few")?, store_group(&database, "many")?);
            let changes =
                |id, number: usize| (0..number).map(move |step| rename(id, &format!("{id} {step}")));
            let changes: Vec<_> =
                changes(few, MAX_STEPS_OF_GROUP).chain(changes(many, MAX_STEPS_OF_GROUP + 1)).collect();
            let outcomes = commit(&mut session, &changes.iter().collect::<Vec<_>>()).ok().unwrap();
            let (of_few, of_many) = outcomes.split_at(MAX_STEPS_OF_GROUP);
            assert!(of_few.iter().all(|outcome| matches!(outcome, Some(Ok(_)))), "{of_few:?}");
            assert!(of_many.iter().all(Option::is_none), "{of_many:?}");
            let rows = database.rows("SELECT name, version::text FROM groups ORDER BY id")?;
            assert_eq!(rows, [[&*format!("{few} 15"), "17"], ["many", "1"]]);
            Ok(())
        });
    }
}
