//! Groups, requests to create and to change them, and the keys that find them.

mod change;
mod id;
mod idempotency;
mod key;
mod name;
mod name_prefix;
mod token;
mod version;

pub use change::{GroupChange, NothingToChange, RefusedChange};
pub use id::{GroupId, InvalidGroupId};
pub use idempotency::{
    Created, Fingerprint, Idempotency, IdempotencyKey, IdempotencyRecord, InvalidIdempotencyKey, KeyReused,
};
pub use key::GroupKey;
pub use name::{GroupName, InvalidGroupName};
pub use name_prefix::{GroupNamePrefix, InvalidGroupNamePrefix};
pub use token::{GroupToken, InvalidGroupToken};
pub use version::{Expected, InvalidVersion, PreconditionFailed, Version};

use crate::{clock::Timestamp, user::UserId};
use uuid::Uuid;

/// A request to create a group. Every field has been validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateGroup {
    /// The unique name.
    pub name: GroupName,
    /// The secret of the group, chosen by its creator.
    pub token: GroupToken,
    /// The user who administers the group.
    pub admin_id: UserId,
}

/// A group without its id, which the repository assigns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Version 7 (RFC 9562), minted from the same instant as `created_at`.
    pub uuid: Uuid,
    /// The unique name.
    pub name: GroupName,
    /// The secret of the group.
    pub token: GroupToken,
    /// The user who administers the group.
    pub admin_id: UserId,
    /// The time at which the service accepted the request.
    pub created_at: Timestamp,
}

impl NewGroup {
    /// Completes a request with its creation time, from which the UUID is minted too.
    pub fn mint(request: CreateGroup, created_at: Timestamp) -> Self {
        let CreateGroup { name, token, admin_id } = request;
        Self { uuid: created_at.mint_uuid(), name, token, admin_id, created_at }
    }

    /// The request that this group was made from.
    pub fn into_request(self) -> CreateGroup {
        let Self { name, token, admin_id, .. } = self;
        CreateGroup { name, token, admin_id }
    }

    /// The group as first stored under `id`.
    pub fn with_id(self, id: GroupId) -> Group {
        let Self { uuid, name, token, admin_id, created_at } = self;
        Group { id, uuid, name, token, admin_id, created_at, version: Version::FIRST }
    }
}

/// A stored group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The number of the group: from 1 up, never reused.
    pub id: GroupId,
    /// The UUID (version 7) of the group.
    pub uuid: Uuid,
    /// The unique name.
    pub name: GroupName,
    /// The secret of the group.
    pub token: GroupToken,
    /// The user who administers the group.
    pub admin_id: UserId,
    /// The time at which the service accepted the request.
    pub created_at: Timestamp,
    /// The version: one more at each change.
    pub version: Version,
}
