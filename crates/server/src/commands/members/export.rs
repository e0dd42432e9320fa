//! `gochat members export`

use crate::{
    commands::files::{
        backoff,
        export::{Rows, Source},
    },
    wire::ExportedMember,
};
use backon::Retryable;
use gochat_domain::{
    auth::{GroupsRead, Permit},
    group::{Group, GroupId, GroupKey},
    page::PageSize,
    ports::StorageError,
    service::{GroupService, MemberService},
    user::UserId,
};
use std::vec;

/// The members of all groups: a walk through the groups, and in each group a walk through its members.
pub(super) struct AllMembers {
    groups: GroupService,
    members: MemberService,
    permit: Permit<GroupsRead>,
    /// The last id of the last page of groups; `None` before the first page, and at the end.
    after: Option<GroupId>,
    has_more_groups: bool,
    /// The rest of the page.
    page: vec::IntoIter<Group>,
    /// The group whose members are being exported, and the last user that was exported.
    current: Option<(Group, Option<UserId>)>,
}

impl AllMembers {
    pub(super) fn new(groups: GroupService, members: MemberService, permit: Permit<GroupsRead>) -> Self {
        let page = Vec::new().into_iter();
        Self { groups, members, permit, after: None, has_more_groups: true, page, current: None }
    }

    /// Returns the group whose members come next, and the last user that was exported.
    async fn next_group(&mut self) -> anyhow::Result<Option<(Group, Option<UserId>)>> {
        if let Some(current) = self.current.take() {
            return Ok(Some(current));
        }
        if self.page.len() == 0 && self.has_more_groups {
            let list = async || self.groups.list(self.permit, self.after, PageSize::MAX).await;
            let page = list.retry(backoff::policy()).when(StorageError::is_transient).await?;
            self.after = page.next_after;
            self.has_more_groups = page.next_after.is_some();
            self.page = page.items.into_iter();
        }
        Ok(self.page.next().map(|group| (group, None)))
    }
}

impl Source for AllMembers {
    const COLUMNS: &str = ExportedMember::COLUMNS;
    const ONE: &str = "member";
    const MANY: &str = "members";

    async fn append_page(&mut self, rows: &mut Rows) -> anyhow::Result<bool> {
        let Some((group, after)) = self.next_group().await? else { return Ok(false) };
        let key = GroupKey::Id(group.id);
        let list = async || self.members.members(self.permit, &key, after, PageSize::MAX).await;
        let page = list.retry(backoff::policy()).when(StorageError::is_transient).await?;
        // A group that was deleted in the meantime has no members.
        if let Some(page) = page {
            rows.append(page.items.iter().map(|member| ExportedMember::new(&group, member)))?;
            self.current = page.next_after.map(|after| (group, Some(after)));
        }
        Ok(true)
    }
}
