//! Values for tests.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a failed test may panic")]

use crate::{
    clock::{Clock, SystemClock, Timestamp},
    group::{AdminId, CreateGroup, GroupName, GroupToken, NewGroup},
};

/// A request for a group with this name.
pub fn create_group(name: &str) -> CreateGroup {
    create_group_of(name, "t", 1)
}

/// A request for a group with these fields.
pub fn create_group_of(name: &str, token: &str, admin_id: i64) -> CreateGroup {
    CreateGroup {
        name: GroupName::parse(name).unwrap(),
        token: GroupToken::parse(token).unwrap(),
        admin_id: AdminId::new(admin_id).unwrap(),
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

/// The time `seconds` seconds after the start of 1970.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000).unwrap()
}
