//! `gochat members import`

use crate::{
    commands::files::{backoff, import::Importer, outcome::Outcome, remote::Remote},
    wire::Membership,
};
use anyhow::{Context, bail};
use backon::Retryable;
use gochat_domain::{
    auth::{GroupsRead, MembersWrite, Permit},
    group::{GroupId, GroupKey, GroupName},
    ports::{GroupReader, JoinError, MemberReader, StorageError},
    service::{GroupService, MemberService},
    user::UserId,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use std::{cell::RefCell, sync::Arc};
use tokio::sync::Mutex;

/// Makes users members.
pub(super) struct AddMembers {
    groups: GroupService,
    members: MemberService,
    read: Permit<GroupsRead>,
    write: Permit<MembersWrite>,
    /// The group that was looked up last: in an exported file, the members of a group follow one another.
    last: RefCell<Option<(GroupKey, GroupId)>>,
}

impl AddMembers {
    pub(super) fn new(
        groups: GroupService,
        members: MemberService,
        read: Permit<GroupsRead>,
        write: Permit<MembersWrite>,
    ) -> Self {
        Self { groups, members, read, write, last: RefCell::default() }
    }

    /// Returns the id of a group; `None` if there is none with this name.
    async fn group_id(&self, key: GroupKey) -> Result<Option<GroupId>, StorageError> {
        if let GroupKey::Id(id) = key {
            return Ok(Some(id));
        }
        if let Some((last, id)) = &*self.last.borrow()
            && *last == key
        {
            return Ok(Some(*id));
        }
        let find = async || self.groups.find(self.read, &key).await;
        let found = find.retry(backoff::policy()).when(StorageError::is_transient).await?;
        let id = found.map(|group| group.id);
        if let Some(id) = id {
            *self.last.borrow_mut() = Some((key, id));
        }
        Ok(id)
    }
}

impl Importer for AddMembers {
    type Record = Membership;
    type Key = (GroupId, UserId);

    async fn import(&self, record: Membership) -> anyhow::Result<Outcome<Self::Key>> {
        let Some(group_id) = self.group_id(record.group).await? else { return Ok(no_such_group()) };
        let add = async || self.members.add(self.write, group_id, record.user_id).await;
        let is_transient =
            |error: &JoinError| matches!(error, JoinError::Storage(error) if error.is_transient());
        match add.retry(backoff::policy()).when(is_transient).await {
            Ok(joined) if joined.is_new => Ok(Outcome::Created),
            Ok(_) => Ok(Outcome::AlreadyExists),
            Err(JoinError::GroupNotFound) => Ok(no_such_group()),
            Err(JoinError::Refused(error)) => Ok(Outcome::Refused(error.to_string())),
            Err(JoinError::Storage(error)) => Err(error.into()),
        }
    }
}

/// Looks up members. `None` if there is no database yet.
pub(super) struct LookUpMembers(pub(super) Option<(Arc<dyn GroupReader>, Arc<dyn MemberReader>)>);

impl Importer for LookUpMembers {
    type Record = Membership;
    type Key = (GroupId, UserId);

    async fn import(&self, Membership { group, user_id }: Membership) -> anyhow::Result<Outcome<Self::Key>> {
        let Some((groups, members)) = &self.0 else { return Ok(no_such_group()) };
        let find = async || groups.find(&group).await;
        let found = find.retry(backoff::policy()).when(StorageError::is_transient).await?;
        let Some(group) = found else { return Ok(no_such_group()) };
        // A page of one member, after the previous user id. It has this user, if the user is a member.
        let (key, before) = (GroupKey::Id(group.id), UserId::new(user_id.get() - 1).ok());
        let find = async || members.members(&key, before, 1).await;
        let found = find.retry(backoff::policy()).when(StorageError::is_transient).await?;
        let is_member = found.iter().flatten().any(|member| member.user_id == user_id);
        Ok(if is_member { Outcome::AlreadyExists } else { Outcome::WouldCreate((group.id, user_id)) })
    }
}

/// Sends joins to a server.
pub(super) struct SendJoins {
    remote: Remote,
    /// The group that was looked up last. Locked during a look-up, so that lines of one group look it up once.
    last: Mutex<Option<(GroupName, GroupId)>>,
}

impl SendJoins {
    /// Path of the operation.
    pub(super) const PATH: &str = "/v1/member";

    pub(super) fn new(remote: Remote) -> Self {
        Self { remote, last: Mutex::default() }
    }

    /// Returns the id of a group; `None` if there is none with this name.
    async fn group_id(&self, key: GroupKey) -> anyhow::Result<Option<GroupId>> {
        let name = match key {
            GroupKey::Id(id) => return Ok(Some(id)),
            GroupKey::Name(name) => name,
            GroupKey::Uuid(_) => bail!("a line names its group by id or name"),
        };
        let mut last = self.last.lock().await;
        if let Some((known, id)) = &*last
            && *known == name
        {
            return Ok(Some(*id));
        }
        let escaped = utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC);
        let found = self.remote.get(&format!("/v1/group_lookup?name={escaped}")).await?;
        let Some(group) = found else { return Ok(None) };
        let id =
            GroupId::new(group["id"].as_i64().context("the server answers with a group without an id")?)?;
        *last = Some((name, id));
        Ok(Some(id))
    }
}

impl Importer for SendJoins {
    type Record = Membership;
    type Key = (GroupId, UserId);

    async fn import(&self, Membership { group, user_id }: Membership) -> anyhow::Result<Outcome<Self::Key>> {
        let Some(group_id) = self.group_id(group).await? else { return Ok(no_such_group()) };
        let line = json!({ "group_id": group_id.get(), "user_id": user_id.get() });
        self.remote.send(&line).await?.outcome(None)
    }
}

fn no_such_group<K>() -> Outcome<K> {
    Outcome::Refused(JoinError::GroupNotFound.to_string())
}
