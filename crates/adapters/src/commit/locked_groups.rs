//! The groups that a batch changes, deletes, or changes the members of.

use crate::{Fault, connection::AnyConnection, rows::GroupRow, schema::groups};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper};
use gochat_domain::group::{Group, GroupId};
use std::collections::{BTreeMap, BTreeSet};

/// Returns those of the groups that exist, and locks their rows until the end of the transaction, in the order of their
/// ids. SQLite locks its file instead.
pub(super) fn load(
    connection: &mut AnyConnection,
    ids: impl Iterator<Item = GroupId>,
) -> Result<BTreeMap<GroupId, Group>, Fault> {
    let ids: BTreeSet<_> = ids.map(GroupId::get).collect();
    let rows = match connection {
        AnyConnection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for id in ids {
                let row = groups::table.select(GroupRow::as_select()).filter(groups::id.eq(id));
                rows.extend(row.get_result(connection).optional()?);
            }
            rows
        }
        AnyConnection::Postgres(connection) => {
            let ids: Vec<_> = ids.into_iter().collect();
            let rows = groups::table.select(GroupRow::as_select()).filter(groups::id.eq_any(ids));
            rows.order(groups::id).for_no_key_update().load(connection)?
        }
    };
    let group = |row: GroupRow| Group::try_from(row).map(|group| (group.id, group));
    rows.into_iter().map(group).collect()
}
