//! Idempotency-Keys, and the records that make a repeated request safe.

use super::{CreateGroup, Group, GroupId, GroupName, GroupToken, Version};
use crate::{auth::KeyId, clock::Timestamp, text::is_valid_key, user::UserId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A caller's name for one request and all its retries: 1 to 255 visible ASCII characters
/// (draft-ietf-httpapi-idempotency-key-header).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// Checks the rules.
    pub fn parse(raw: &str) -> Result<Self, InvalidIdempotencyKey> {
        if is_valid_key(raw) { Ok(Self(raw.into())) } else { Err(InvalidIdempotencyKey) }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key must have 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

/// An Idempotency-Key with its caller. Each caller has a key space of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Idempotency {
    /// The API key of the caller.
    pub caller: KeyId,
    /// The caller's name for the request.
    pub key: IdempotencyKey,
}

/// A SHA-256 digest (FIPS 180-4) of a request's content: equal requests have equal fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request to create a group.
    pub fn of_create(name: &GroupName, token: &GroupToken, admin_id: UserId) -> Self {
        let mut digest = Sha256::new();
        // Each text is preceded by its length, so that different requests never hash the same bytes.
        for text in ["create_group", name.as_str(), token.as_str()] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        digest.update(admin_id.get().to_be_bytes());
        Self(digest.finalize().into())
    }
}

/// The stored record of a create with an Idempotency-Key: the request's fingerprint, and those fields of the first
/// reply that the request does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// The id of the group that was created.
    pub id: GroupId,
    /// The UUID of that group.
    pub uuid: Uuid,
    /// The creation time of that group.
    pub created_at: Timestamp,
}

impl IdempotencyRecord {
    /// Returns the group as in the first reply if `request` is equal to the recorded one, even if the group was
    /// changed or deleted since.
    pub fn replay(&self, request: CreateGroup) -> Result<Group, KeyReused> {
        let CreateGroup { name, token, admin_id } = request;
        if Fingerprint::of_create(&name, &token, admin_id) != self.fingerprint {
            return Err(KeyReused);
        }
        let &Self { id, uuid, created_at, .. } = self;
        Ok(Group { id, uuid, name, token, admin_id, created_at, version: Version::FIRST })
    }
}

/// The Idempotency-Key was used for a different request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyReused;

/// A group that was created, by this request or by an earlier one with the same [`Idempotency`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The group.
    pub group: Group,
    /// True if an earlier request created it.
    pub replayed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::create_group_of;
    use proptest::prelude::*;

    #[test]
    fn a_key_has_1_to_255_visible_ascii_characters() {
        for raw in ["!", "~", "8e03978e-40d5-43dd-bc93-6894a57f9324", &"x".repeat(255)] {
            assert_eq!(IdempotencyKey::parse(raw).unwrap().as_str(), raw);
        }
        for raw in ["", " ", "a b", "a\t", "\u{7f}", "\u{e9}", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(raw), Err(InvalidIdempotencyKey), "{raw:?}");
        }
    }

    fn fingerprint(request: &CreateGroup) -> Fingerprint {
        Fingerprint::of_create(&request.name, &request.token, request.admin_id)
    }

    fn recorded(request: &CreateGroup) -> IdempotencyRecord {
        IdempotencyRecord {
            fingerprint: fingerprint(request),
            id: GroupId::new(7).unwrap(),
            uuid: Uuid::max(),
            created_at: Timestamp::from_unix_micros(1).unwrap(),
        }
    }

    #[test]
    fn a_replay_is_the_group_as_the_first_reply_showed_it() {
        let first = create_group_of("g", "t", 1);
        let group = recorded(&first).replay(first.clone()).unwrap();
        assert_eq!((group.id.get(), group.uuid, group.created_at.unix_micros()), (7, Uuid::max(), 1));
        assert_eq!(group.version, Version::FIRST);
        assert_eq!((group.name, group.token, group.admin_id), (first.name, first.token, first.admin_id));
    }

    /// A record outlives the version that wrote it, so the fingerprint of a request must never change.
    #[test]
    fn a_fingerprint_never_changes() {
        let Fingerprint(digest) = fingerprint(&create_group_of("g", "t", 1));
        let halves =
            [&digest[..16], &digest[16..]].map(|half| Uuid::from_slice(half).unwrap().simple().to_string());
        assert_eq!(halves, ["32bf810a2d3817ae0cf794b3511abf8c", "8e06a3f5e3a240916c56498ea4f9b5f3"]);
    }

    proptest! {
        #[test]
        fn a_replay_succeeds_only_for_an_equal_request(
            one in ("[a-c]{1,3}", "[a-c]{1,3}", 1..3_i64),
            other in ("[a-c]{1,3}", "[a-c]{1,3}", 1..3_i64),
        ) {
            let record = recorded(&create_group_of(&one.0, &one.1, one.2));
            let replay = record.replay(create_group_of(&other.0, &other.1, other.2));
            prop_assert_eq!(replay.is_ok(), one == other);
        }
    }
}
