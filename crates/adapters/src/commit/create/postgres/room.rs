//! The condition that the limits leave room for all groups of a batch.

use super::Begin;
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    sql_types::{Array, BigInt},
};
use gochat_domain::{group::NewGroup, limits::Limits};

/// Begins a batch, locks and counts the groups that limits apply to, and returns a row if there is room for all.
pub(super) struct Room {
    administrators: Vec<i64>,
    limit: i64,
    limit_of_administrator: i64,
}

impl Room {
    pub(super) fn new(groups: &[&NewGroup], limits: Limits) -> Self {
        Self {
            administrators: groups.iter().map(|group| group.admin_id.get()).collect(),
            limit: limits.groups.0.into(),
            limit_of_administrator: limits.groups_per_administrator.0.into(),
        }
    }
}

impl QueryFragment<Pg> for Room {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT FROM (");
        Begin.walk_ast(out.reborrow())?;
        out.push_sql(") AS begun WHERE has_room_for_groups(");
        out.push_bind_param::<Array<BigInt>, _>(&self.administrators)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.limit_of_administrator)?;
        out.push_sql(")");
        Ok(())
    }
}
