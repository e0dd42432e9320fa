//! Rows of `groups` that are inserted and deleted in the same transaction.

use gochat_domain::clock::Timestamp;
use uuid::Uuid;

/// The keys of a row that no group can have: ids of groups begin at 1. They are random, so that transactions do not
/// wait for each other's placeholders.
pub(super) struct Placeholder {
    pub(super) id: i64,
    pub(super) uuid: Uuid,
}

impl Placeholder {
    /// Mints new keys.
    pub(super) fn mint(moment: Timestamp) -> Self {
        let uuid = moment.mint_uuid();
        let (_, random) = uuid.as_u64_pair();
        Self { id: -1 - i64::try_from(random >> 2).unwrap_or_default(), uuid }
    }
}
