//! The list of groups, and the search.

use crate::dashboard::{
    access::Session,
    moment::Moment,
    page::{self, Failure, Layout, Reply, Tab},
};
use actix_web::{
    http::StatusCode,
    web::{Query, ThinData},
};
use askama::Template;
use gochat_domain::{
    auth::{GroupsRead, Permit},
    group::{Group, GroupId, GroupKey, GroupName, GroupNamePrefix},
    page::PageSize,
    service::GroupService,
};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// An id, a UUID, a name or the beginning of a name; all groups if it is empty.
    #[serde(default)]
    find: String,
    /// The last group of the page before.
    #[serde(default)]
    after: String,
    /// The id of a group that was just deleted.
    #[serde(default)]
    deleted: String,
}

#[derive(Template)]
#[template(path = "groups/search.html")]
struct SearchPage {
    layout: Layout,
    find: String,
    deleted: Option<GroupId>,
    groups: Vec<Row>,
    /// The value of `after` for the next page.
    next: Option<String>,
}

struct Row {
    id: GroupId,
    name: String,
    admin_id: i64,
    created_at: Moment,
}

impl From<Group> for Row {
    fn from(group: Group) -> Self {
        Self {
            id: group.id,
            name: group.name.as_str().to_owned(),
            admin_id: group.admin_id.get(),
            created_at: Moment(group.created_at),
        }
    }
}

pub(super) async fn show(
    session: Session,
    ThinData(groups): ThinData<GroupService>,
    Query(Wanted { find, after, deleted }): Query<Wanted>,
) -> Reply {
    let permit = session.operator().permit().map_err(anyhow::Error::from)?;
    let (found, next) = if find.trim().is_empty() {
        all(&groups, permit, &after).await?
    } else {
        matching(&groups, permit, &find, &after).await?
    };
    let page = SearchPage {
        layout: session.layout(Tab::Groups),
        find,
        deleted: GroupId::parse(&deleted).ok(),
        groups: found.into_iter().map(Row::from).collect(),
        next,
    };
    page::show(StatusCode::OK, &page)
}

/// A page of all groups, in the order of ids.
async fn all(
    groups: &GroupService,
    permit: Permit<GroupsRead>,
    after: &str,
) -> Result<(Vec<Group>, Option<String>), Failure> {
    let page = groups.list(permit, GroupId::parse(after).ok(), PageSize::default()).await?;
    Ok((page.items, page.next_after.map(|id| id.to_string())))
}

/// A page of the groups that `find` may mean, each once: by id, by UUID or by name, then by the beginning of the name.
async fn matching(
    groups: &GroupService,
    permit: Permit<GroupsRead>,
    find: &str,
    after: &str,
) -> Result<(Vec<Group>, Option<String>), Failure> {
    let named = find.trim();
    let keys = [
        GroupId::parse(named).ok().map(GroupKey::Id),
        Uuid::parse_str(named).ok().map(GroupKey::Uuid),
        GroupName::parse_existing(named).ok().map(GroupKey::Name),
    ];
    let mut by_key = Vec::new();
    for key in keys.into_iter().flatten() {
        by_key.extend(groups.find(permit, &key).await?.filter(|group| !by_key.contains(group)));
    }
    let after = GroupName::parse_existing(after).ok();
    // Only the start is trimmed: a space at the end is part of the prefix.
    let Ok(prefix) = GroupNamePrefix::parse(find.trim_start()) else { return Ok((by_key, None)) };
    let page = groups.list_by_name(permit, &prefix, after.clone(), PageSize::default()).await?;
    let by_prefix: Vec<_> = page.items.into_iter().filter(|group| !by_key.contains(group)).collect();
    let found = if after.is_none() { [by_key, by_prefix].concat() } else { by_prefix };
    Ok((found, page.next_after.map(|name| name.as_str().to_owned())))
}
