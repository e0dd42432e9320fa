//! Values for tests.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a failed test may panic")]

use crate::{
    auth::{IssuedKey, KeyId, KeyName, Scopes},
    clock::{Clock, SystemClock, Timestamp},
    group::{CreateGroup, Group, GroupChange, GroupId, GroupName, GroupToken, NewGroup},
    user::UserId,
};
use uuid::Uuid;

/// A request for a group with this name.
pub fn create_group(name: &str) -> CreateGroup {
    create_group_of(name, "t", 1)
}

/// A request for a group with these fields.
pub fn create_group_of(name: &str, token: &str, admin_id: i64) -> CreateGroup {
    CreateGroup {
        name: GroupName::parse(name).unwrap(),
        token: GroupToken::parse(token).unwrap(),
        admin_id: UserId::new(admin_id).unwrap(),
    }
}

/// A new group with this name, created now.
pub fn new_group(name: &str) -> NewGroup {
    new_group_of(name, "t", 1)
}

/// A new group with these fields, created now.
pub fn new_group_of(name: &str, token: &str, admin_id: i64) -> NewGroup {
    NewGroup::mint(create_group_of(name, token, admin_id), SystemClock.now())
}

/// A stored group with these fields, created at the start of 1970, in its first version.
pub fn group(id: i64, name: &str, token: &str, admin_id: i64) -> Group {
    let new = NewGroup { uuid: Uuid::nil(), ..NewGroup::mint(create_group_of(name, token, admin_id), at(0)) };
    new.with_id(GroupId::new(id).unwrap())
}

/// A change of these fields.
pub fn group_change(name: Option<&str>, token: Option<&str>, admin_id: Option<i64>) -> GroupChange {
    GroupChange::new(
        name.map(|name| GroupName::parse(name).unwrap()),
        token.map(|token| GroupToken::parse(token).unwrap()),
        admin_id.map(|id| UserId::new(id).unwrap()),
    )
    .unwrap()
}

/// A key with this id and every scope, issued at the start of 1970, for ever.
pub fn issued_key(id: u128) -> IssuedKey {
    IssuedKey {
        id: KeyId(Uuid::from_u128(id)),
        name: KeyName::parse("mobile app").unwrap(),
        scopes: Scopes::all(),
        created_at: at(0),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

/// The time `seconds` seconds after the start of 1970.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000).unwrap()
}
