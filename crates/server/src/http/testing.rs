//! In-memory services for unit tests.

use super::{HttpMetrics, Services, Streams};
use gochat_adapters::{
    CachingAuthenticator, DevelopmentKey,
    memory::{MemoryApiKeys, MemoryGroups},
};
use gochat_domain::{
    clock::SystemClock,
    service::{GroupService, MemberService},
};
use std::sync::Arc;

/// Empty services that accept the development key.
pub(super) fn services() -> Services {
    let (groups, clock) = (Arc::new(MemoryGroups::default()), Arc::new(SystemClock));
    let keys = Arc::new(MemoryApiKeys::default());
    let keys = CachingAuthenticator::new(keys, clock.clone(), CachingAuthenticator::MAX_AGE);
    Services {
        groups: GroupService::new(groups.clone(), groups.clone(), clock.clone()),
        members: MemberService::new(groups.clone(), groups, clock),
        authenticator: Arc::new(DevelopmentKey(keys)),
        metrics: HttpMetrics::new().unwrap(),
        streams: Streams::of_connections(1_000),
        prefilled_key: None,
    }
}
