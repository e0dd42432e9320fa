use super::*;
use crate::{
    auth::{Caller, GrantableScope, KeyId},
    clock::{MockClock, Timestamp},
    group::Version,
    ports::{MockGroupReader, MockGroupRepository},
    testing::{create_group_of, group_change},
};

fn request() -> CreateGroup {
    create_group_of("group_1", "298fbgv479bv", 1)
}

fn permit<S: GrantableScope>() -> Permit<S> {
    Caller::operator().permit().unwrap()
}

fn noon() -> Timestamp {
    Timestamp::from_unix_micros(1_763_899_200_000_001).unwrap()
}

fn service(groups: MockGroupRepository) -> GroupService {
    let mut clock = MockClock::new();
    clock.expect_now().once().return_const(noon());
    GroupService::new(Arc::new(groups), Arc::new(MockGroupReader::new()), Arc::new(clock))
}

#[tokio::test]
async fn a_group_is_stored_with_the_current_time_and_a_uuid_of_that_time() {
    let mut groups = MockGroupRepository::new();
    groups
        .expect_create()
        .once()
        .withf(|group, idempotency| {
            let CreateGroup { name, token, admin_id } = request();
            idempotency.is_none()
                && (&group.name, &group.token, group.admin_id) == (&name, &token, admin_id)
                && group.created_at == noon()
                && group.uuid.get_version_num() == 7
                && group.uuid.get_timestamp().map(|time| time.to_unix().0) == Some(1_763_899_200)
        })
        .returning(|group, _| {
            Ok(Created { group: group.with_id(GroupId::new(7).unwrap()), replayed: false })
        });

    let group = service(groups).create(permit(), request(), None).await.unwrap().group;
    assert_eq!(group.id.get(), 7);
    assert_eq!(group.created_at, noon());
    assert_eq!((group.name, group.token, group.admin_id), {
        let CreateGroup { name, token, admin_id } = request();
        (name, token, admin_id)
    });
}

#[tokio::test]
async fn an_idempotency_key_is_stored_with_its_caller() {
    let key = IdempotencyKey::parse("k").unwrap();
    let expected = Idempotency { caller: KeyId::OPERATOR, key: key.clone() };
    let mut groups = MockGroupRepository::new();
    groups
        .expect_create()
        .once()
        .withf(move |_, idempotency| idempotency.as_ref() == Some(&expected))
        .returning(|_, _| Err(CreateGroupError::NameTaken));
    let refused = service(groups).create(permit(), request(), Some(key)).await;
    assert!(matches!(refused, Err(CreateGroupError::NameTaken)));
}

#[tokio::test]
async fn a_change_is_made_at_the_current_time() {
    let change = group_change(Some("h"), None, None);
    let expected = Expected::OneOf(vec![Version::FIRST]);
    let mut groups = MockGroupRepository::new();
    let given = (GroupId::new(7).unwrap(), change.clone(), expected.clone(), noon());
    groups
        .expect_change()
        .once()
        .withf(move |id, change, expected, moment| {
            (*id, change, expected, *moment) == (given.0, &given.1, &given.2, given.3)
        })
        .returning(|id, change, expected, _| Ok(group(id.get()).apply(&change, &expected)?));
    let changed = service(groups).change(permit(), GroupId::new(7).unwrap(), change, expected).await;
    let changed = changed.unwrap();
    assert_eq!((changed.name.as_str(), changed.version), ("h", Version::FIRST.next()));
}

fn group(id: i64) -> Group {
    NewGroup::mint(request(), noon()).with_id(GroupId::new(id).unwrap())
}

/// Lists a page of 2 groups after group 7. The groups that come after it have the ids `following`.
async fn page(following: std::ops::Range<i64>) -> Page<Group, GroupId> {
    let mut reader = MockGroupReader::new();
    reader
        .expect_list()
        .once()
        .withf(|after, limit| *after == GroupId::new(7).ok() && *limit == 3)
        .returning(move |_, _| Ok(following.clone().map(group).collect()));
    let groups = Arc::new(MockGroupRepository::new());
    let service = GroupService::new(groups, Arc::new(reader), Arc::new(MockClock::new()));
    service.list(permit(), GroupId::new(7).ok(), PageSize::new(2).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_page_links_to_the_next_one_unless_it_is_the_last() {
    let ids = |page: &Page<Group, GroupId>| page.items.iter().map(|group| group.id.get()).collect::<Vec<_>>();
    let first = page(8..11).await;
    assert_eq!((ids(&first), first.next_after), (vec![8, 9], GroupId::new(9).ok()));
    let last = page(8..10).await;
    assert_eq!((ids(&last), last.next_after), (vec![8, 9], None));
    assert_eq!(page(8..8).await, Page { items: vec![], next_after: None });
}

#[tokio::test]
async fn a_page_by_name_links_to_the_next_one_by_its_last_name() {
    let name = |name: &str| GroupName::parse(name.to_owned()).unwrap();
    let mut reader = MockGroupReader::new();
    reader
        .expect_list_by_name()
        .once()
        .withf(move |prefix, after, limit| (prefix.as_str(), after, *limit) == ("g", &Some(name("g1")), 3))
        .returning(|_, _, _| {
            let named = |(id, name): (i64, &str)| Group {
                name: GroupName::parse(name.to_owned()).unwrap(),
                ..group(id)
            };
            Ok([(3, "g2"), (1, "g3"), (2, "g4")].map(named).into())
        });
    let groups = Arc::new(MockGroupRepository::new());
    let service = GroupService::new(groups, Arc::new(reader), Arc::new(MockClock::new()));
    let (prefix, size) = (GroupNamePrefix::parse("g").unwrap(), PageSize::new(2).unwrap());
    let page = service.list_by_name(permit(), &prefix, Some(name("g1")), size).await.unwrap();
    assert_eq!(page.items.iter().map(|group| group.id.get()).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(page.next_after, Some(name("g3")));
}
