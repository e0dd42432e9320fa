//! The use cases of members.

use crate::{
    auth::{GroupsRead, MembersJoinOrWrite, MembersWrite, Permit},
    clock::Clock,
    group::{Group, GroupId, GroupKey, GroupToken},
    member::{Joined, ListedMember, Member, NewMember},
    page::{Page, PageSize},
    ports::{JoinError, LeaveError, MemberReader, MemberRepository, PendingAnswer, StorageError},
    user::UserId,
};
use std::sync::Arc;

/// Lets users join and leave groups, and lists the members of groups and the groups of users.
#[derive(Clone)]
pub struct MemberService {
    members: Arc<dyn MemberRepository>,
    reader: Arc<dyn MemberReader>,
    clock: Arc<dyn Clock>,
}

impl MemberService {
    /// A service that stores in `members`, reads from `reader` and takes the time from `clock`.
    pub fn new(
        members: Arc<dyn MemberRepository>,
        reader: Arc<dyn MemberReader>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { members, reader, clock }
    }

    /// Makes the user a member by the group's token.
    pub async fn join(
        &self,
        _: Permit<MembersJoinOrWrite>,
        group_id: GroupId,
        user_id: UserId,
        token: GroupToken,
    ) -> Result<Joined, JoinError> {
        let joined_at = self.clock.now();
        self.members.join(NewMember { group_id, user_id, token: Some(token), joined_at }).await
    }

    /// Waits until the storage takes the join, and returns a future of the answer that [`join`](Self::join) would
    /// return.
    pub async fn enqueue_join(
        &self,
        _: Permit<MembersJoinOrWrite>,
        group_id: GroupId,
        user_id: UserId,
        token: GroupToken,
    ) -> PendingAnswer<Joined, JoinError> {
        let joined_at = self.clock.now();
        self.members.enqueue_join(NewMember { group_id, user_id, token: Some(token), joined_at }).await
    }

    /// Makes the user a member without the group's token.
    pub async fn add(
        &self,
        _: Permit<MembersWrite>,
        group_id: GroupId,
        user_id: UserId,
    ) -> Result<Joined, JoinError> {
        let joined_at = self.clock.now();
        self.members.join(NewMember { group_id, user_id, token: None, joined_at }).await
    }

    /// Waits until the storage takes the membership, and returns a future of the answer that [`add`](Self::add) would
    /// return.
    pub async fn enqueue_add(
        &self,
        _: Permit<MembersWrite>,
        group_id: GroupId,
        user_id: UserId,
    ) -> PendingAnswer<Joined, JoinError> {
        let joined_at = self.clock.now();
        self.members.enqueue_join(NewMember { group_id, user_id, token: None, joined_at }).await
    }

    /// Ends the user's membership, and returns it as it was.
    pub async fn leave(
        &self,
        _: Permit<MembersJoinOrWrite>,
        group_id: GroupId,
        user_id: UserId,
    ) -> Result<Member, LeaveError> {
        self.members.leave(group_id, user_id).await
    }

    /// Returns the page of members whose user ids are above `after`; `None` if no group has this key.
    pub async fn members(
        &self,
        _: Permit<GroupsRead>,
        group: &GroupKey,
        after: Option<UserId>,
        size: PageSize,
    ) -> Result<Option<Page<Member, UserId>>, StorageError> {
        let limit = Page::<Member, UserId>::read_limit(size);
        let members = self.reader.members(group, after, limit).await?;
        Ok(members.map(|members| Page::new(members, size, |member| member.user_id)))
    }

    /// Returns the page of members of all groups whose keys are above `after`.
    pub async fn all_members(
        &self,
        _: Permit<GroupsRead>,
        after: Option<(GroupId, UserId)>,
        size: PageSize,
    ) -> Result<Page<ListedMember, (GroupId, UserId)>, StorageError> {
        let limit = Page::<ListedMember, (GroupId, UserId)>::read_limit(size);
        Ok(Page::new(self.reader.all_members(after, limit).await?, size, ListedMember::key))
    }

    /// Returns the page of groups whose ids are above `after` and that the user is a member or the administrator of.
    pub async fn joined_groups(
        &self,
        _: Permit<GroupsRead>,
        user: UserId,
        after: Option<GroupId>,
        size: PageSize,
    ) -> Result<Page<Group, GroupId>, StorageError> {
        let limit = Page::<Group, GroupId>::read_limit(size);
        Ok(Page::new(self.reader.joined_groups(user, after, limit).await?, size, |group| group.id))
    }

    /// Returns the page of groups whose ids are above `after` and that the user administers.
    pub async fn administered_groups(
        &self,
        _: Permit<GroupsRead>,
        user: UserId,
        after: Option<GroupId>,
        size: PageSize,
    ) -> Result<Page<Group, GroupId>, StorageError> {
        let limit = Page::<Group, GroupId>::read_limit(size);
        Ok(Page::new(self.reader.administered_groups(user, after, limit).await?, size, |group| group.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        auth::{Caller, GrantableScope},
        clock::MockClock,
        group::GroupName,
        member::Role,
        ports::{MockMemberReader, MockMemberRepository},
        testing::{at, group},
    };

    fn permit<S: GrantableScope>() -> Permit<S> {
        Caller::operator().permit().unwrap()
    }

    fn service(members: MockMemberRepository, reader: MockMemberReader) -> MemberService {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(at(100));
        MemberService::new(Arc::new(members), Arc::new(reader), Arc::new(clock))
    }

    fn ids() -> (GroupId, UserId) {
        (GroupId::new(7).unwrap(), UserId::new(2).unwrap())
    }

    #[tokio::test]
    async fn a_user_joins_at_the_current_time_with_the_token_that_was_given() {
        let (group_id, user_id) = ids();
        for token in [Some(GroupToken::parse("t").unwrap()), None] {
            let mut members = MockMemberRepository::new();
            let expected = NewMember { group_id, user_id, token: token.clone(), joined_at: at(100) };
            members
                .expect_join()
                .once()
                .withf(move |new| *new == expected)
                .returning(|_| Err(JoinError::GroupNotFound));
            let service = service(members, MockMemberReader::new());
            let answer = match token {
                Some(token) => service.join(permit(), group_id, user_id, token).await,
                None => service.add(permit(), group_id, user_id).await,
            };
            assert!(matches!(answer, Err(JoinError::GroupNotFound)));
        }
    }

    #[tokio::test]
    async fn a_page_of_members_links_to_the_next_one_unless_it_is_the_last() {
        let member = |id: i64| Member {
            group_id: ids().0,
            user_id: UserId::new(id).unwrap(),
            role: Role::Member,
            joined_at: at(1),
        };
        for (read, shown, next_after) in
            [(3..6, vec![3, 4], UserId::new(4).ok()), (3..5, vec![3, 4], None), (3..3, vec![], None)]
        {
            let mut reader = MockMemberReader::new();
            reader
                .expect_members()
                .once()
                .withf(|key, after, limit| {
                    *key == GroupKey::Id(ids().0) && *after == UserId::new(2).ok() && *limit == 3
                })
                .returning(move |_, _, _| Ok(Some(read.clone().map(member).collect())));
            let service = service(MockMemberRepository::new(), reader);
            let size = PageSize::new(2).unwrap();
            let page = service.members(permit(), &GroupKey::Id(ids().0), UserId::new(2).ok(), size).await;
            assert_eq!(
                page.unwrap(),
                Some(Page { items: shown.into_iter().map(member).collect(), next_after })
            );
        }
    }

    #[tokio::test]
    async fn the_members_of_all_groups_come_by_pages() {
        let (group_id, user_id) = ids();
        let listed = move |user_id| ListedMember {
            member: Member { group_id, user_id, role: Role::Member, joined_at: at(1) },
            group_name: GroupName::parse("g").unwrap(),
        };
        let mut reader = MockMemberReader::new();
        reader
            .expect_all_members()
            .once()
            .withf(move |after, limit| *after == Some((group_id, UserId::MIN)) && *limit == 2)
            .returning(move |_, _| Ok(vec![listed(user_id), listed(UserId::new(3).unwrap())]));
        let service = service(MockMemberRepository::new(), reader);
        let size = PageSize::new(1).unwrap();
        let page = service.all_members(permit(), Some((group_id, UserId::MIN)), size).await.unwrap();
        assert_eq!(page, Page { items: vec![listed(user_id)], next_after: Some((group_id, user_id)) });
    }

    #[tokio::test]
    async fn the_groups_of_a_user_come_by_pages() {
        let mut reader = MockMemberReader::new();
        reader
            .expect_joined_groups()
            .once()
            .returning(|_, _, _| Ok(vec![group(3, "c", "t", 1), group(5, "e", "t", 2)]));
        reader.expect_administered_groups().once().returning(|_, _, _| Ok(vec![group(3, "c", "t", 1)]));
        let service = service(MockMemberRepository::new(), reader);
        let size = PageSize::new(1).unwrap();
        let joined = service.joined_groups(permit(), ids().1, None, size).await.unwrap();
        assert_eq!(joined, Page { items: vec![group(3, "c", "t", 1)], next_after: GroupId::new(3).ok() });
        let administered = service.administered_groups(permit(), ids().1, None, size).await.unwrap();
        assert_eq!(administered, Page { items: vec![group(3, "c", "t", 1)], next_after: None });
    }
}
