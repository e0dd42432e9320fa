//! The names that changes want.

use super::Change;
use crate::{
    Fault,
    commit::placeholder::Placeholder,
    connection::AnyConnection,
    prepared_statement::prepared_statement,
    schema::groups,
    sql_types::{UuidSql, UuidValue},
};
use diesel::{
    ExpressionMethods, PgConnection, QueryDsl, RunQueryDsl, SqliteConnection,
    dsl::{exists, select},
    pg::Pg,
    sql_types::{Array, BigInt, Text},
};
use gochat_domain::{
    clock::Timestamp,
    group::{Group, GroupId, GroupName},
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The names that are free for the changes of a batch.
pub(super) struct Names {
    free: HashSet<GroupName>,
    /// Ids of the rows that hold the free names on PostgreSQL. They are deleted just before groups take the names.
    pub(super) placeholders: Vec<i64>,
}

impl Names {
    /// Finds the free ones of the names that `changes` want, and keeps other transactions from taking them.
    pub(super) fn claim(
        connection: &mut AnyConnection,
        changes: &[&Change],
        groups: &BTreeMap<GroupId, Group>,
    ) -> Result<Self, Fault> {
        let wanted = changes.iter().filter_map(|change| {
            let group = groups.get(&change.id)?;
            change.fields.name().filter(|name| **name != group.name)
        });
        let wanted: BTreeSet<_> = wanted.collect();
        let mut names = Self { free: HashSet::new(), placeholders: Vec::new() };
        if let Some(change) = changes.first()
            && !wanted.is_empty()
        {
            match connection {
                AnyConnection::Sqlite(connection) => names.find(connection, &wanted)?,
                AnyConnection::Postgres(connection) => names.hold(connection, &wanted, change.moment)?,
            }
        }
        Ok(names)
    }

    /// Returns true if no group has the name.
    pub(super) fn is_free(&self, name: &GroupName) -> bool {
        self.free.contains(name)
    }

    /// Gives a free name to a group, and frees its old one.
    pub(super) fn rename(&mut self, old: &GroupName, new: &GroupName) {
        if old != new {
            self.free.remove(new);
            self.free.insert(old.clone());
        }
    }

    /// Deletes the placeholders, if no group takes a name.
    pub(super) fn release(self, connection: &mut AnyConnection) -> Result<(), Fault> {
        if let AnyConnection::Postgres(connection) = connection
            && !self.placeholders.is_empty()
        {
            diesel::delete(groups::table.filter(groups::id.eq_any(self.placeholders))).execute(connection)?;
        }
        Ok(())
    }

    /// On SQLite the open transaction is the only writer.
    fn find(
        &mut self,
        connection: &mut SqliteConnection,
        wanted: &BTreeSet<&GroupName>,
    ) -> Result<(), Fault> {
        for name in wanted {
            let holder = groups::table.filter(groups::name.eq(name.as_str()));
            if !select(exists(holder)).get_result::<bool>(connection)? {
                self.free.insert((*name).clone());
            }
        }
        Ok(())
    }

    /// PostgreSQL has no `UPDATE … ON CONFLICT`: an update to a name that another transaction takes would fail the
    /// whole batch. So each name is first held by a placeholder, in the order in which creates take names.
    fn hold(
        &mut self,
        connection: &mut PgConnection,
        wanted: &BTreeSet<&GroupName>,
        moment: Timestamp,
    ) -> Result<(), Fault> {
        let placeholders: Vec<_> = wanted.iter().map(|_| Placeholder::mint(moment)).collect();
        let insert = InsertPlaceholders {
            ids: placeholders.iter().map(|placeholder| placeholder.id).collect(),
            uuids: placeholders.iter().map(|placeholder| UuidValue(placeholder.uuid)).collect(),
            names: wanted.iter().map(|name| name.as_str().to_owned()).collect(),
        };
        let held: HashSet<i64> = insert.load(connection)?.into_iter().collect();
        for (placeholder, name) in placeholders.iter().zip(wanted) {
            if held.contains(&placeholder.id) {
                self.placeholders.push(placeholder.id);
                self.free.insert((*name).clone());
            }
        }
        Ok(())
    }
}

prepared_statement! {
    struct InsertPlaceholders for PgConnection, Pg => BigInt;
    "INSERT INTO groups (id, uuid, name, token, admin_id, created_at)
     SELECT id, uuid, name, 'none', 1, now() FROM unnest(" [ids: Vec<i64> as Array<BigInt>]
    ", " [uuids: Vec<UuidValue> as Array<UuidSql>] ", " [names: Vec<String> as Array<Text>]
    ") AS given (id, uuid, name) ON CONFLICT (name) DO NOTHING RETURNING id"
}
