//! The contract of `MemberRepository` and `MemberReader`.

use crate::{
    Case, DatabaseCase,
    subject::{NO_LIMITS, ONE_WRITER, OPTIONS, Subject},
};
use futures_util::future::{join, join_all};
use gochat_adapters::CommitOptions;
use gochat_domain::{
    clock::Timestamp,
    group::{Expected, Group, GroupId, GroupKey, GroupToken},
    limits::{Limit, Limits},
    member::{Joined, ListedMember, Member, NewMember, RefusedJoin, RefusedLeave, Role},
    ports::{JoinError, LeaveError},
    testing::{at, group_change, new_group_of},
    user::UserId,
};
use gochat_test_support::{TestDatabase, cases};

pub fn cases() -> Vec<Case> {
    cases![
        a_join_is_stored_as_returned,
        a_join_with_a_wrong_token_stores_nothing,
        joins_follow_the_changes_of_a_group_that_was_joined_before,
        a_group_that_does_not_exist_is_not_joined,
        one_of_200_concurrent_joins_of_one_user_is_new,
        the_administrator_joins_without_effect,
        a_user_leaves_once_and_may_join_again,
        the_administrator_cannot_leave,
        joins_beside_a_delete_come_before_it_or_find_no_group,
        members_come_by_pages_with_the_administrator_in_its_place,
        members_of_all_groups_come_by_pages_with_the_administrators_in_their_places,
        groups_of_a_user_come_by_pages,
        a_walk_meets_each_lasting_member_once_while_others_come_and_go,
    ]
}

pub fn database_cases() -> Vec<DatabaseCase> {
    cases![memberships_without_a_group_are_not_listed]
}

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![no_write_scans_all_memberships, new_members_stay_new_if_the_rest_of_their_batch_fails]
}

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

fn new_member(group_id: GroupId, user_id: i64, token: Option<&str>, joined_at: Timestamp) -> NewMember {
    let token = token.map(|token| GroupToken::parse(token).unwrap());
    NewMember { group_id, user_id: user(user_id), token, joined_at }
}

fn join_group(subject: &Subject, group: &Group, user_id: i64) -> Result<Joined, JoinError> {
    subject.run(subject.members.join(new_member(group.id, user_id, Some("t"), at(user_id))))
}

fn members(subject: &Subject, group: &Group) -> Vec<Member> {
    subject.run(subject.member_reader.members(&GroupKey::Id(group.id), None, 1000)).unwrap().unwrap()
}

fn member(group: &Group, user_id: i64, role: Role, joined_at: Timestamp) -> Member {
    Member { group_id: group.id, user_id: user(user_id), role, joined_at }
}

fn a_join_is_stored_as_returned(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    for (user_id, token) in [(2, Some("t")), (i64::MAX, None)] {
        let joined = subject.run(subject.members.join(new_member(group.id, user_id, token, at(50))))?;
        assert_eq!(joined, Joined { member: member(&group, user_id, Role::Member, at(50)), is_new: true });
    }
    let stored =
        [2, i64::MAX].map(|user_id| vec![group.id.to_string(), user_id.to_string(), "50000000".into()]);
    assert_eq!(subject.memberships(), stored);
    Ok(())
}

fn a_join_with_a_wrong_token_stores_nothing(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    for user_id in [1, 2] {
        let refused = subject.run(subject.members.join(new_member(group.id, user_id, Some("T"), at(50))));
        assert!(matches!(refused, Err(JoinError::Refused(RefusedJoin::WrongToken))), "{refused:?}");
    }
    // The old token opens nothing after a change.
    let change = group_change(None, Some("u"), None);
    subject.run(subject.groups.change(group.id, change, Expected::Any, at(100)))?;
    let refused = join_group(&subject, &group, 2);
    assert!(matches!(refused, Err(JoinError::Refused(RefusedJoin::WrongToken))), "{refused:?}");
    assert_eq!(subject.memberships(), Vec::<Vec<String>>::new());
    Ok(())
}

/// A writer remembers groups that were joined.
fn joins_follow_the_changes_of_a_group_that_was_joined_before(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    let join =
        |user_id, token| subject.run(subject.members.join(new_member(group.id, user_id, token, at(50))));
    let change = |token, admin_id| {
        let change = group_change(None, token, admin_id);
        subject.run(subject.groups.change(group.id, change, Expected::Any, at(100)))
    };
    assert!(join(2, Some("t"))?.is_new);
    change(Some("u"), None)?;
    let refused = join(3, Some("t"));
    assert!(matches!(refused, Err(JoinError::Refused(RefusedJoin::WrongToken))), "{refused:?}");
    assert!(join(3, Some("u"))?.is_new);
    change(None, Some(4))?;
    let administrator = Joined { member: member(&group, 4, Role::Administrator, at(100)), is_new: false };
    assert_eq!(join(4, Some("u"))?, administrator);
    assert!(join(5, Some("u"))?.is_new);
    subject.run(subject.groups.delete(group.id, Expected::Any))?;
    let refused = join(6, Some("u"));
    assert!(matches!(refused, Err(JoinError::GroupNotFound)), "{refused:?}");
    assert_eq!(subject.memberships(), Vec::<Vec<String>>::new());
    Ok(())
}

fn a_group_that_does_not_exist_is_not_joined(subject: Subject) -> anyhow::Result<()> {
    let id = GroupId::new(7)?;
    let refused = subject.run(subject.members.join(new_member(id, 2, None, at(50))));
    assert!(matches!(refused, Err(JoinError::GroupNotFound)), "{refused:?}");
    let refused = subject.run(subject.members.leave(id, user(2)));
    assert!(matches!(refused, Err(LeaveError::Refused(RefusedLeave::NotMember))), "{refused:?}");
    Ok(())
}

fn one_of_200_concurrent_joins_of_one_user_is_new(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    let joins = (0..200).map(|number| subject.members.join(new_member(group.id, 2, Some("t"), at(number))));
    let answers: Vec<_> = subject.run(join_all(joins)).into_iter().collect::<Result<_, _>>()?;
    assert_eq!(answers.iter().filter(|joined| joined.is_new).count(), 1);
    let first = answers[0].member;
    assert!(answers.iter().all(|joined| joined.member == first));
    assert_eq!(members(&subject, &group)[1..], [first]);
    Ok(())
}

fn the_administrator_joins_without_effect(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    let joined = join_group(&subject, &group, 1)?;
    let administrator = member(&group, 1, Role::Administrator, group.created_at);
    assert_eq!(joined, Joined { member: administrator, is_new: false });
    assert_eq!(members(&subject, &group), [administrator]);
    assert_eq!(subject.memberships(), Vec::<Vec<String>>::new());
    Ok(())
}

fn a_user_leaves_once_and_may_join_again(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    let joined = join_group(&subject, &group, 2)?.member;
    assert_eq!(subject.run(subject.members.leave(group.id, user(2)))?, joined);
    assert_eq!(subject.memberships(), Vec::<Vec<String>>::new());
    let again = subject.run(subject.members.leave(group.id, user(2)));
    assert!(matches!(again, Err(LeaveError::Refused(RefusedLeave::NotMember))), "{again:?}");
    assert!(join_group(&subject, &group, 2)?.is_new);
    Ok(())
}

fn the_administrator_cannot_leave(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    join_group(&subject, &group, 2)?;
    let change = group_change(None, None, Some(2));
    subject.run(subject.groups.change(group.id, change, Expected::Any, at(100)))?;
    let refused = subject.run(subject.members.leave(group.id, user(2)));
    assert!(matches!(refused, Err(LeaveError::Refused(RefusedLeave::Administrator))), "{refused:?}");
    // The former administrator may leave.
    let left = subject.run(subject.members.leave(group.id, user(1)))?;
    assert_eq!(left, member(&group, 1, Role::Member, group.created_at));
    assert_eq!(members(&subject, &group), [member(&group, 2, Role::Administrator, at(2))]);
    Ok(())
}

fn joins_beside_a_delete_come_before_it_or_find_no_group(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    let joins = |from: i64| {
        let join = |user_id| subject.members.join(new_member(group.id, user_id, Some("t"), at(user_id)));
        join_all((from..from + 100).map(join))
    };
    let (answers, (deleted, more)) =
        subject.run(join(joins(2), join(subject.groups.delete(group.id, Expected::Any), joins(200))));
    assert_eq!(deleted?, group);
    for answer in answers.into_iter().chain(more) {
        match answer {
            Ok(joined) => assert!(joined.is_new),
            Err(error) => assert!(matches!(error, JoinError::GroupNotFound), "{error:?}"),
        }
    }
    assert_eq!(subject.memberships(), Vec::<Vec<String>>::new());
    Ok(())
}

fn members_come_by_pages_with_the_administrator_in_its_place(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 4))?;
    for user_id in [9, 2, 6, 3] {
        join_group(&subject, &group, user_id)?;
    }
    let keys = [GroupKey::Id(group.id), GroupKey::Uuid(group.uuid), GroupKey::Name(group.name.clone())];
    let administrator = member(&group, 4, Role::Administrator, group.created_at);
    for key in keys {
        let page = |after: Option<i64>, limit| {
            subject.run(subject.member_reader.members(&key, after.map(user), limit)).map(Option::unwrap)
        };
        let plain = |user_id| member(&group, user_id, Role::Member, at(user_id));
        assert_eq!(page(None, 2)?, [plain(2), plain(3)]);
        assert_eq!(page(Some(3), 2)?, [administrator, plain(6)]);
        assert_eq!(page(Some(6), 2)?, [plain(9)]);
        assert_eq!(page(Some(9), 2)?, []);
    }
    let missing = subject.run(subject.member_reader.members(&GroupKey::Id(GroupId::new(99)?), None, 2))?;
    assert_eq!(missing, None);
    Ok(())
}

fn members_of_all_groups_come_by_pages_with_the_administrators_in_their_places(
    subject: Subject,
) -> anyhow::Result<()> {
    let all = |after, limit| subject.run(subject.member_reader.all_members(after, limit));
    assert_eq!(all(None, 9)?, []);
    let mut groups = Vec::new();
    for (name, admin_id) in [("a", 5), ("b", 1), ("c", i64::MAX), ("d", 3), ("e", 2), ("f", 2)] {
        groups.push(subject.create(new_group_of(name, "t", admin_id))?);
    }
    for (group, user_id) in [(0, 9), (0, 2), (0, 6), (2, 1), (4, 3), (4, 1)] {
        join_group(&subject, &groups[group], user_id)?;
    }
    // Administrators with a membership, among groups whose administrators have none.
    for (group, user_id) in [(1, 4), (4, 3)] {
        let change = group_change(None, None, Some(user_id));
        groups[group] =
            subject.run(subject.groups.change(groups[group].id, change, Expected::Any, at(70)))?;
    }
    subject.run(subject.groups.delete(groups[3].id, Expected::Any))?;
    let rename = group_change(Some("z"), None, None);
    groups[5] = subject.run(subject.groups.change(groups[5].id, rename, Expected::Any, at(80)))?;
    groups.remove(3);
    let expected: Vec<_> = groups
        .iter()
        .flat_map(|group| {
            let listed = |member| ListedMember { member, group_name: group.name.clone() };
            members(&subject, group).into_iter().map(listed)
        })
        .collect();
    let users: Vec<_> = expected.iter().map(|listed| listed.member.user_id.get()).collect();
    assert_eq!(users, [2, 5, 6, 9, 1, 4, 1, i64::MAX, 1, 2, 3, 2]);
    assert!(expected.is_sorted_by_key(ListedMember::key));
    for limit in 1..=13 {
        for start in 0..=expected.len() {
            let after = start.checked_sub(1).map(|last| expected[last].key());
            let end = expected.len().min(start + usize::from(limit));
            assert_eq!(all(after, limit)?, expected[start..end], "{limit} after {after:?}");
        }
    }
    // A page may begin after a key that nothing has.
    assert_eq!(all(Some((groups[0].id, user(7))), 1)?, expected[3..4]);
    assert_eq!(all(Some((groups[0].id, user(i64::MAX))), 1)?, expected[4..5]);
    Ok(())
}

/// They remain if somebody deletes a group by SQL.
fn memberships_without_a_group_are_not_listed(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let [first, deleted, last] =
        ["a", "b", "c"].map(|name| subject.create(new_group_of(name, "t", 1)).unwrap());
    for group in [&first, &deleted, &last] {
        join_group(&subject, group, 2)?;
        join_group(&subject, group, 3)?;
    }
    subject.database().execute(&format!("DELETE FROM groups WHERE id = {}", deleted.id))?;
    let listed: Vec<_> = [&first, &last]
        .into_iter()
        .flat_map(|group| members(&subject, group).into_iter().map(|member| (group.name.clone(), member)))
        .map(|(group_name, member)| ListedMember { member, group_name })
        .collect();
    let all = |after, limit| subject.run(subject.member_reader.all_members(after, limit));
    assert_eq!(all(None, 9)?, listed);
    // A page with fewer members than were asked for would count as the last one.
    assert_eq!(all(None, 4)?, listed[..4]);
    assert_eq!(all(Some(listed[2].key()), 2)?, listed[3..5]);
    Ok(())
}

fn groups_of_a_user_come_by_pages(subject: Subject) -> anyhow::Result<()> {
    let mut groups = Vec::new();
    for (name, admin_id) in [("a", 1), ("b", 2), ("c", 1), ("d", 2), ("e", 3)] {
        groups.push(subject.create(new_group_of(name, "t", admin_id))?);
    }
    for group in [&groups[3], &groups[1], &groups[0]] {
        join_group(&subject, group, 1)?;
    }
    let joined = |after: Option<GroupId>, limit| {
        subject.run(subject.member_reader.joined_groups(user(1), after, limit))
    };
    assert_eq!(joined(None, 3)?, groups[..3]);
    assert_eq!(joined(Some(groups[2].id), 3)?, groups[3..4]);
    let administered = |after: Option<GroupId>, limit| {
        subject.run(subject.member_reader.administered_groups(user(1), after, limit))
    };
    assert_eq!(administered(None, 1)?, groups[..1]);
    assert_eq!(administered(Some(groups[0].id), 9)?, groups[2..3]);
    assert_eq!(subject.run(subject.member_reader.joined_groups(user(99), None, 9))?, []);
    Ok(())
}

fn a_walk_meets_each_lasting_member_once_while_others_come_and_go(subject: Subject) -> anyhow::Result<()> {
    let group = subject.create(new_group_of("g", "t", 1))?;
    // The users with even ids stay; the others come and go.
    let lasting: Vec<i64> = (1..=40).map(|number| number * 2).collect();
    subject.run(join_all(
        lasting.iter().map(|user_id| subject.members.join(new_member(group.id, *user_id, None, at(1)))),
    ));
    let come_and_go = async {
        for round in 0..10 {
            join_all((1..40).map(async |number| {
                let user_id = number * 2 + 1;
                subject.members.join(new_member(group.id, user_id, None, at(round))).await.unwrap();
                subject.members.leave(group.id, user(user_id)).await.unwrap();
            }))
            .await;
        }
    };
    let walks = async {
        for _ in 0..5 {
            let (mut met, mut after) = (Vec::new(), None);
            loop {
                let key = GroupKey::Id(group.id);
                let page = subject.member_reader.members(&key, after, 7).await.unwrap().unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.user_id);
                met.extend(page.iter().map(|member| member.user_id.get()));
            }
            assert!(met.is_sorted_by(|one, next| one < next), "{met:?}");
            met.retain(|user_id| user_id % 2 == 0);
            assert_eq!(met, lasting);
        }
    };
    subject.run(join(come_and_go, walks));
    Ok(())
}

/// PostgreSQL plans the statements while it has no statistics of the tables.
fn no_write_scans_all_memberships(database: TestDatabase) -> anyhow::Result<()> {
    let limits = Limits { members_per_group: Limit(100), ..NO_LIMITS };
    let subject = Subject::with(database, OPTIONS, CommitOptions { limits, ..ONE_WRITER })?;
    let scans = "SELECT seq_scan::text, idx_scan::text FROM pg_stat_user_tables WHERE relname = 'members'";
    // The scans so far: those that built the indexes. A session reports its scans when it ends.
    subject.end_connections()?;
    let before = subject.database().rows(scans)?.concat();
    let group = subject.create(new_group_of("g", "t", 1))?;
    for user_id in 2..5 {
        join_group(&subject, &group, user_id)?;
        let change = group_change(None, None, Some(user_id));
        subject.run(subject.groups.change(group.id, change, Expected::Any, at(100)))?;
        subject.run(subject.members.leave(group.id, user(user_id - 1)))?;
    }
    subject.run(subject.groups.delete(group.id, Expected::Any))?;
    subject.end_connections()?;
    let after = subject.database().rows(scans)?.concat();
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    Ok(())
}

/// A statement commits the new members. The transaction after it, for the user who is a member already, fails once.
fn new_members_stay_new_if_the_rest_of_their_batch_fails(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::with(database, OPTIONS, ONE_WRITER)?;
    let group = subject.create(new_group_of("g", "t", 1))?;
    join_group(&subject, &group, 2)?;
    // A rollback does not reset the sequence, so the trigger fails once.
    subject.database().execute(
        "CREATE SEQUENCE failures;
         CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF current_query() LIKE 'INSERT%' AND nextval('failures') = 1 THEN RAISE EXCEPTION 'no such luck'; END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER fault BEFORE INSERT ON members FOR EACH STATEMENT EXECUTE FUNCTION fault()",
    )?;
    let users: Vec<_> = (0..50).flat_map(|number| [100 + number, 2]).collect();
    let joins = users.iter().zip(1000..).map(|(user_id, joined_at)| {
        subject.members.join(new_member(group.id, *user_id, None, at(joined_at)))
    });
    let joined = subject.run(join_all(joins));
    for (user_id, joined) in users.iter().zip(joined) {
        assert_eq!(joined?.is_new, *user_id != 2, "{user_id}");
    }
    assert_ne!(subject.database().rows("SELECT last_value::text FROM failures")?, [["1"]]);
    Ok(())
}
