//! The use cases of groups.

use crate::{
    auth::{GroupsRead, GroupsWrite, Permit},
    clock::Clock,
    group::{
        CreateGroup, Created, Expected, Group, GroupChange, GroupId, GroupKey, GroupName, GroupNamePrefix,
        Idempotency, IdempotencyKey, NewGroup,
    },
    page::{Page, PageSize},
    ports::{
        ChangeGroupError, CreateGroupError, DeleteGroupError, GroupReader, GroupRepository, PendingAnswer,
        StorageError,
    },
};
use std::sync::Arc;

/// Creates, changes, deletes and finds groups.
///
/// Each use case takes a [`Permit`] for its scope:
/// ```
/// # use gochat_domain::{auth::{Caller, Forbidden}, group::GroupKey, service::GroupService};
/// async fn find(groups: &GroupService, caller: Caller, key: GroupKey) -> Result<(), Forbidden> {
///     let _found = groups.find(caller.permit()?, &key).await;
///     Ok(())
/// }
/// ```
/// It cannot be called without one:
/// ```compile_fail,E0061
/// # use gochat_domain::{auth::{Caller, Forbidden}, group::GroupKey, service::GroupService};
/// async fn find(groups: &GroupService, caller: Caller, key: GroupKey) -> Result<(), Forbidden> {
///     let _found = groups.find(&key).await;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct GroupService {
    groups: Arc<dyn GroupRepository>,
    reader: Arc<dyn GroupReader>,
    clock: Arc<dyn Clock>,
}

impl GroupService {
    /// A service that stores in `groups`, reads from `reader` and takes the time from `clock`.
    pub fn new(
        groups: Arc<dyn GroupRepository>,
        reader: Arc<dyn GroupReader>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { groups, reader, clock }
    }

    /// Creates a group durably, and returns it as stored.
    ///
    /// With a `key`, a repeated request of the same caller creates no second group and returns the first one again.
    pub async fn create(
        &self,
        permit: Permit<GroupsWrite>,
        request: CreateGroup,
        key: Option<IdempotencyKey>,
    ) -> Result<Created, CreateGroupError> {
        let idempotency = key.map(|key| Idempotency { caller: permit.key_id(), key });
        self.groups.create(NewGroup::mint(request, self.clock.now()), idempotency).await
    }

    /// Waits until the storage takes the group, and returns a future of the answer that [`create`](Self::create) would
    /// return. Groups are stored in the order of the calls.
    pub async fn enqueue_create(
        &self,
        permit: Permit<GroupsWrite>,
        request: CreateGroup,
        key: Option<IdempotencyKey>,
    ) -> PendingAnswer<Created, CreateGroupError> {
        let idempotency = key.map(|key| Idempotency { caller: permit.key_id(), key });
        self.groups.enqueue_create(NewGroup::mint(request, self.clock.now()), idempotency).await
    }

    /// Changes the given fields of a group that has one of the `expected` versions, and returns it as it is afterwards.
    pub async fn change(
        &self,
        _: Permit<GroupsWrite>,
        id: GroupId,
        change: GroupChange,
        expected: Expected,
    ) -> Result<Group, ChangeGroupError> {
        self.groups.change(id, change, expected, self.clock.now()).await
    }

    /// Deletes a group that has one of the `expected` versions, with its memberships, and returns it as it was.
    pub async fn delete(
        &self,
        _: Permit<GroupsWrite>,
        id: GroupId,
        expected: Expected,
    ) -> Result<Group, DeleteGroupError> {
        self.groups.delete(id, expected).await
    }

    /// Returns the group with this key.
    pub async fn find(&self, _: Permit<GroupsRead>, key: &GroupKey) -> Result<Option<Group>, StorageError> {
        self.reader.find(key).await
    }

    /// Returns the page of groups whose ids are above `after`; the first page if `after` is `None`.
    pub async fn list(
        &self,
        _: Permit<GroupsRead>,
        after: Option<GroupId>,
        size: PageSize,
    ) -> Result<Page<Group, GroupId>, StorageError> {
        let groups = self.reader.list(after, Page::<Group, GroupId>::read_limit(size)).await?;
        Ok(Page::new(groups, size, |group| group.id))
    }

    /// Returns the page of groups whose names begin with `prefix` and are above `after`, in the order of names.
    ///
    /// A group that is renamed during a walk may be met twice, or not at all.
    pub async fn list_by_name(
        &self,
        _: Permit<GroupsRead>,
        prefix: &GroupNamePrefix,
        after: Option<GroupName>,
        size: PageSize,
    ) -> Result<Page<Group, GroupName>, StorageError> {
        let limit = Page::<Group, GroupName>::read_limit(size);
        let groups = self.reader.list_by_name(prefix, after, limit).await?;
        Ok(Page::new(groups, size, |group| group.name.clone()))
    }
}

#[cfg(test)]
mod tests;
