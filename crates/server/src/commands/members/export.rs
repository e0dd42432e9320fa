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
    group::GroupId,
    page::PageSize,
    ports::StorageError,
    service::MemberService,
    user::UserId,
};

/// The members of all groups, page by page.
pub(super) struct AllMembers {
    pub(super) members: MemberService,
    pub(super) permit: Permit<GroupsRead>,
    pub(super) after: Option<(GroupId, UserId)>,
}

impl Source for AllMembers {
    const COLUMNS: &str = ExportedMember::COLUMNS;
    const ONE: &str = "member";
    const MANY: &str = "members";

    async fn append_page(&mut self, rows: &mut Rows) -> anyhow::Result<bool> {
        let list = async || self.members.all_members(self.permit, self.after, PageSize::MAX).await;
        let page = list.retry(backoff::policy()).when(StorageError::is_transient).await?;
        rows.append(page.items.iter().map(ExportedMember::from))?;
        self.after = page.next_after;
        Ok(self.after.is_some())
    }
}
