//! `gochat groups import`

use crate::commands::files::{backoff, import::Importer, outcome::Outcome, remote::Remote};
use backon::Retryable;
use gochat_domain::{
    auth::{GroupsWrite, Permit},
    group::{CreateGroup, GroupKey, GroupName},
    ports::{CreateGroupError, GroupReader, StorageError},
    service::GroupService,
};
use serde_json::json;
use std::sync::Arc;

/// Creates groups.
pub(super) struct CreateGroups {
    pub(super) groups: GroupService,
    pub(super) permit: Permit<GroupsWrite>,
}

impl Importer for CreateGroups {
    type Record = CreateGroup;
    type Key = GroupName;

    async fn import(&self, group: CreateGroup) -> anyhow::Result<Outcome<GroupName>> {
        let create = async || self.groups.create(self.permit, group.clone(), None).await;
        match create.retry(backoff::policy()).when(CreateGroupError::is_transient).await {
            Ok(_) => Ok(Outcome::Created),
            Err(CreateGroupError::NameTaken) => Ok(Outcome::AlreadyExists),
            Err(CreateGroupError::TooManyGroups(error)) => Ok(Outcome::Refused(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }
}

/// Looks up names. `None` if there is no database yet.
pub(super) struct LookUpNames(pub(super) Option<Arc<dyn GroupReader>>);

impl Importer for LookUpNames {
    type Record = CreateGroup;
    type Key = GroupName;

    async fn import(&self, group: CreateGroup) -> anyhow::Result<Outcome<GroupName>> {
        let Some(existing) = &self.0 else { return Ok(Outcome::WouldCreate(group.name)) };
        let key = GroupKey::Name(group.name.clone());
        let find = async || existing.find(&key).await;
        let found = find.retry(backoff::policy()).when(StorageError::is_transient).await?;
        Ok(found.map_or(Outcome::WouldCreate(group.name), |_| Outcome::AlreadyExists))
    }
}

/// Sends groups to a server.
pub(super) struct SendGroups(pub(super) Remote);

impl SendGroups {
    /// Path of the operation.
    pub(super) const PATH: &str = "/v1/group";
}

impl Importer for SendGroups {
    type Record = CreateGroup;
    type Key = GroupName;

    async fn import(&self, group: CreateGroup) -> anyhow::Result<Outcome<GroupName>> {
        let CreateGroup { name, token, admin_id } = group;
        let line = json!({ "name": name.as_str(), "token": token.as_str(), "admin_id": admin_id.get() });
        self.0.send(&line).await?.outcome(Some("group_name_taken"))
    }
}
