//! `gochat groups export`

use crate::{
    commands::files::{
        backoff,
        export::{Rows, Source},
    },
    wire::GroupBody,
};
use backon::Retryable;
use gochat_domain::{
    auth::{GroupsRead, Permit},
    group::GroupId,
    page::PageSize,
    ports::StorageError,
    service::GroupService,
};

/// All groups, page by page, with the fields in the order of the API.
pub(super) struct AllGroups {
    pub(super) groups: GroupService,
    pub(super) permit: Permit<GroupsRead>,
    pub(super) after: Option<GroupId>,
}

impl Source for AllGroups {
    const COLUMNS: &str = "id,uuid,name,admin_id,token,created_at";
    const ONE: &str = "group";
    const MANY: &str = "groups";

    async fn append_page(&mut self, rows: &mut Rows) -> anyhow::Result<bool> {
        let list = async || self.groups.list(self.permit, self.after, PageSize::MAX).await;
        let page = list.retry(backoff::policy()).when(StorageError::is_transient).await?;
        rows.append(page.items.iter().map(GroupBody::from))?;
        self.after = page.next_after;
        Ok(self.after.is_some())
    }
}
