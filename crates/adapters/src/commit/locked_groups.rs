//! The groups that a batch changes, deletes, or changes the members of.

use crate::{Fault, connection::AnyConnection, rows::GroupRow, schema::groups};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper};
use gochat_domain::group::{Group, GroupId};
use std::collections::BTreeMap;

/// Returns those of the groups that exist, and locks their rows until the end of the transaction, in the order of their
/// ids. SQLite locks its file instead.
pub(super) fn load(
    connection: &mut AnyConnection,
    ids: impl Iterator<Item = GroupId>,
) -> Result<BTreeMap<GroupId, Group>, Fault> {
    let mut ids: Vec<_> = ids.map(GroupId::get).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = BTreeMap::new();
    let mut add = |row: GroupRow| {
        let group = Group::try_from(row)?;
        found.insert(group.id, group);
        Ok::<_, Fault>(())
    };
    match connection {
        AnyConnection::Sqlite(connection) => {
            for id in ids {
                let row = groups::table.select(GroupRow::as_select()).filter(groups::id.eq(id));
                row.get_result(connection).optional()?.map_or(Ok(()), &mut add)?;
            }
        }
        AnyConnection::Postgres(connection) => {
            let rows = groups::table.select(GroupRow::as_select()).filter(groups::id.eq_any(ids));
            let rows: Vec<_> = rows.order(groups::id).for_no_key_update().load(connection)?;
            rows.into_iter().try_for_each(add)?;
        }
    }
    Ok(found)
}
