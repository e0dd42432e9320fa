//! The use cases of groups.

use crate::{
    clock::Clock,
    group::{CreateGroup, Group, NewGroup},
    ports::{CreateGroupError, GroupRepository},
};
use std::sync::Arc;

/// Creates groups.
#[derive(Clone)]
pub struct GroupService {
    groups: Arc<dyn GroupRepository>,
    clock: Arc<dyn Clock>,
}

impl GroupService {
    /// A service that stores in `groups` and takes the time from `clock`.
    pub fn new(groups: Arc<dyn GroupRepository>, clock: Arc<dyn Clock>) -> Self {
        Self { groups, clock }
    }

    /// Creates a group, durably, and returns it as stored.
    pub async fn create(&self, request: CreateGroup) -> Result<Group, CreateGroupError> {
        self.groups.create(NewGroup::mint(request, self.clock.now())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{MockClock, Timestamp},
        group::{AdminId, GroupId, GroupName, GroupToken},
        ports::MockGroupRepository,
    };

    fn request() -> CreateGroup {
        CreateGroup {
            name: GroupName::parse("group_1").unwrap(),
            token: GroupToken::parse("298fbgv479bv").unwrap(),
            admin_id: AdminId::new(1).unwrap(),
        }
    }

    fn noon() -> Timestamp {
        Timestamp::from_unix_micros(1_763_899_200_000_001).unwrap()
    }

    fn service(groups: MockGroupRepository) -> GroupService {
        let mut clock = MockClock::new();
        clock.expect_now().once().return_const(noon());
        GroupService::new(Arc::new(groups), Arc::new(clock))
    }

    #[tokio::test]
    async fn a_group_is_stored_with_the_time_of_the_clock_and_a_uuid_of_that_time() {
        let mut groups = MockGroupRepository::new();
        groups
            .expect_create()
            .once()
            .withf(|group| {
                let CreateGroup { name, token, admin_id } = request();
                (&group.name, &group.token, group.admin_id) == (&name, &token, admin_id)
                    && group.created_at == noon()
                    && group.uuid.get_version_num() == 7
                    && group.uuid.get_timestamp().map(|time| time.to_unix().0) == Some(1_763_899_200)
            })
            .returning(|group| Ok(group.with_id(GroupId::new(7).unwrap())));

        let group = service(groups).create(request()).await.unwrap();
        assert_eq!(group.id.get(), 7);
        assert_eq!(group.created_at, noon());
        assert_eq!((group.name, group.token, group.admin_id), {
            let CreateGroup { name, token, admin_id } = request();
            (name, token, admin_id)
        });
    }

    #[tokio::test]
    async fn the_refusal_of_the_repository_reaches_the_caller_as_the_seed_page_words_it() {
        let mut groups = MockGroupRepository::new();
        groups.expect_create().once().returning(|_| Err(CreateGroupError::NameTaken));
        let error = service(groups).create(request()).await.unwrap_err();
        assert_eq!(error.to_string(), "UNIQUE constraint failed: GROUPS.NAME");
    }
}
