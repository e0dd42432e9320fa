//! The contract of changes and deletes of groups.

use crate::{
    Case,
    subject::{Subject, row},
};
use futures_util::future::join_all;
use gochat_domain::{
    group::{
        Expected, Group, GroupChange, GroupId, GroupKey, GroupName, GroupToken, InvalidGroupName, Version,
    },
    member::{Member, Role},
    ports::{ChangeGroupError, CreateGroupError, DeleteGroupError},
    testing::{at, group_change, new_group, new_group_of},
    user::UserId,
};
use gochat_test_support::cases;

pub fn cases() -> Vec<Case> {
    cases![
        only_the_given_fields_change_and_are_stored,
        a_change_to_the_same_values_stores_nothing,
        a_taken_name_is_refused_and_an_old_one_is_free,
        a_group_that_does_not_exist_is_not_changed_or_deleted,
        a_change_of_an_unexpected_version_is_refused,
        one_of_200_concurrent_changes_of_one_version_succeeds,
        concurrent_changes_each_add_a_version,
        concurrent_renames_to_one_name_leave_one_group_with_it,
        concurrent_swaps_of_names_lose_no_group,
        a_hand_over_keeps_both_administrators_as_members,
        a_deleted_group_is_gone_with_its_memberships_and_its_name_is_free,
        a_stored_name_that_breaks_a_newer_rule_can_be_kept,
    ]
}

fn changed(
    subject: &Subject,
    id: GroupId,
    name: Option<&str>,
    token: Option<&str>,
    admin_id: Option<i64>,
) -> Result<Group, ChangeGroupError> {
    let change = group_change(name, token, admin_id);
    subject.run(subject.groups.change(id, change, Expected::Any, at(100)))
}

fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

fn find(subject: &Subject, id: GroupId) -> Option<Group> {
    subject.run(subject.reader.find(&GroupKey::Id(id))).unwrap()
}

fn only_the_given_fields_change_and_are_stored(subject: Subject) -> anyhow::Result<()> {
    let created = subject.create(new_group_of("g", "t", 1))?;
    let second = version(2);
    let renamed = changed(&subject, created.id, Some("h"), None, None)?;
    assert_eq!(renamed, Group { name: GroupName::parse("h")?, version: second, ..created.clone() });
    assert_eq!(subject.stored("h"), [row(&renamed)]);
    assert!(subject.stored("g").is_empty());
    let last = changed(&subject, created.id, Some("e\u{301}"), Some("e\u{301}"), Some(i64::MAX))?;
    assert_eq!((last.name.as_str(), last.token.as_str()), ("\u{e9}", "e\u{301}"));
    assert_eq!((last.admin_id.get(), last.version), (i64::MAX, version(3)));
    assert_eq!((last.id, last.uuid, last.created_at), (created.id, created.uuid, created.created_at));
    assert_eq!(subject.stored("\u{e9}"), [row(&last)]);
    assert_eq!(find(&subject, created.id), Some(last));
    Ok(())
}

fn a_change_to_the_same_values_stores_nothing(subject: Subject) -> anyhow::Result<()> {
    let created = subject.create(new_group_of("g", "t", 1))?;
    let unchanged = changed(&subject, created.id, Some("g"), Some("t"), Some(1))?;
    assert_eq!((&unchanged, unchanged.version), (&created, Version::FIRST));
    assert_eq!(find(&subject, created.id), Some(created));
    Ok(())
}

fn a_taken_name_is_refused_and_an_old_one_is_free(subject: Subject) -> anyhow::Result<()> {
    let (g, h) = (subject.create(new_group("g"))?, subject.create(new_group("h"))?);
    let refused = changed(&subject, g.id, Some("h"), Some("u"), None);
    assert!(matches!(refused, Err(ChangeGroupError::NameTaken)), "{refused:?}");
    assert_eq!(find(&subject, g.id), Some(g.clone()));
    changed(&subject, h.id, Some("i"), None, None)?;
    assert_eq!(changed(&subject, g.id, Some("h"), None, None)?.name.as_str(), "h");
    assert_eq!(subject.create(new_group("g"))?.name.as_str(), "g");
    assert!(matches!(subject.create(new_group("h")), Err(CreateGroupError::NameTaken)));
    Ok(())
}

fn a_group_that_does_not_exist_is_not_changed_or_deleted(subject: Subject) -> anyhow::Result<()> {
    let id = GroupId::new(7)?;
    assert!(matches!(changed(&subject, id, Some("h"), None, None), Err(ChangeGroupError::NotFound)));
    for expected in [Expected::Any, Expected::OneOf(vec![])] {
        let refused = subject.run(subject.groups.delete(id, expected));
        assert!(matches!(refused, Err(DeleteGroupError::NotFound)), "{refused:?}");
    }
    assert!(subject.stored("h").is_empty());
    Ok(())
}

fn a_change_of_an_unexpected_version_is_refused(subject: Subject) -> anyhow::Result<()> {
    let created = subject.create(new_group("g"))?;
    for versions in [vec![], vec![version(2), version(3)]] {
        let expected = Expected::OneOf(versions);
        let change = group_change(Some("h"), None, None);
        let refused = subject.run(subject.groups.change(created.id, change, expected.clone(), at(100)));
        assert!(matches!(refused, Err(ChangeGroupError::PreconditionFailed(_))), "{refused:?}");
        let refused = subject.run(subject.groups.delete(created.id, expected));
        assert!(matches!(refused, Err(DeleteGroupError::PreconditionFailed(_))), "{refused:?}");
    }
    assert_eq!(subject.stored("g"), [row(&created)]);
    let expected = Expected::OneOf(vec![version(2), Version::FIRST]);
    assert_eq!(subject.run(subject.groups.delete(created.id, expected))?, created);
    Ok(())
}

fn one_of_200_concurrent_changes_of_one_version_succeeds(subject: Subject) -> anyhow::Result<()> {
    let created = subject.create(new_group("g"))?;
    let changes = (0..200).map(|number| {
        let change = group_change(Some(&format!("g{number}")), None, None);
        subject.groups.change(created.id, change, Expected::OneOf(vec![Version::FIRST]), at(100))
    });
    let answers = subject.run(join_all(changes));
    let winners: Vec<_> = answers.iter().flatten().collect();
    let refused =
        answers.iter().filter(|answer| matches!(answer, Err(ChangeGroupError::PreconditionFailed(_))));
    assert_eq!((winners.len(), refused.count()), (1, 199));
    assert_eq!(find(&subject, created.id).as_ref(), Some(winners[0]));
    assert_eq!(winners[0].version, version(2));
    Ok(())
}

fn concurrent_changes_each_add_a_version(subject: Subject) -> anyhow::Result<()> {
    let created = subject.create(new_group("g"))?;
    let changes = (0..100).map(|number| {
        let change = group_change(None, Some(&format!("t{number}")), None);
        subject.groups.change(created.id, change, Expected::Any, at(100))
    });
    let mut versions: Vec<_> = subject
        .run(join_all(changes))
        .into_iter()
        .map(|answer| answer.map(|group| group.version.get()))
        .collect::<Result<_, _>>()?;
    versions.sort_unstable();
    assert_eq!(versions, (2..=101).collect::<Vec<_>>());
    Ok(())
}

fn concurrent_renames_to_one_name_leave_one_group_with_it(subject: Subject) -> anyhow::Result<()> {
    let groups: Vec<_> =
        (0..20).map(|number| subject.create(new_group(&format!("g{number}")))).collect::<Result<_, _>>()?;
    let renames = groups.iter().map(|group| {
        subject.groups.change(group.id, group_change(Some("wanted"), None, None), Expected::Any, at(100))
    });
    let answers = subject.run(join_all(renames));
    let taken = answers.iter().filter(|answer| matches!(answer, Err(ChangeGroupError::NameTaken))).count();
    let winners: Vec<_> = answers.iter().flatten().map(row).collect();
    assert_eq!((winners.len(), taken), (1, 19), "{answers:?}");
    assert_eq!(subject.stored("wanted"), winners);
    assert_eq!(subject.run(subject.reader.list(None, 100))?.len(), 20);
    Ok(())
}

fn concurrent_swaps_of_names_lose_no_group(subject: Subject) -> anyhow::Result<()> {
    let names = ["a", "b", "c", "d"];
    let ids: Vec<_> =
        names.iter().map(|name| Ok(subject.create(new_group(name))?.id)).collect::<anyhow::Result<_>>()?;
    let renames = (0..200_usize).map(|number| {
        let change = group_change(Some(["a", "b", "c", "d", "e"][number * 3 % 5]), None, None);
        subject.groups.change(ids[number % 4], change, Expected::Any, at(100))
    });
    for answer in subject.run(join_all(renames)) {
        assert!(matches!(answer, Ok(_) | Err(ChangeGroupError::NameTaken)), "{answer:?}");
    }
    let groups = subject.run(subject.reader.list(None, 100))?;
    assert_eq!(groups.iter().map(|group| group.id).collect::<Vec<_>>(), ids);
    for group in groups {
        assert_eq!(subject.stored(group.name.as_str()), [row(&group)]);
    }
    Ok(())
}

fn a_hand_over_keeps_both_administrators_as_members(subject: Subject) -> anyhow::Result<()> {
    let created = subject.create(new_group_of("g", "t", 5))?;
    changed(&subject, created.id, None, None, Some(2))?;
    let member = |user_id, role, joined_at| {
        Ok::<_, anyhow::Error>(Member {
            group_id: created.id,
            user_id: UserId::new(user_id)?,
            role,
            joined_at,
        })
    };
    let members = || subject.run(subject.member_reader.members(&GroupKey::Id(created.id), None, 10));
    let after_first =
        [member(2, Role::Administrator, at(100))?, member(5, Role::Member, created.created_at)?];
    assert_eq!(members()?, Some(after_first.to_vec()));
    let back = group_change(None, None, Some(5));
    subject.run(subject.groups.change(created.id, back, Expected::Any, at(200)))?;
    let after_second =
        [member(2, Role::Member, at(100))?, member(5, Role::Administrator, created.created_at)?];
    assert_eq!(members()?, Some(after_second.to_vec()));
    Ok(())
}

fn a_deleted_group_is_gone_with_its_memberships_and_its_name_is_free(subject: Subject) -> anyhow::Result<()> {
    let created = subject.create(new_group_of("g", "t", 5))?;
    let handed_over = changed(&subject, created.id, None, None, Some(2))?;
    assert_eq!(subject.run(subject.groups.delete(created.id, Expected::Any))?, handed_over);
    assert_eq!(find(&subject, created.id), None);
    let members = subject.run(subject.member_reader.members(&GroupKey::Id(created.id), None, 10))?;
    assert_eq!(members, None);
    for user in [2, 5] {
        assert_eq!(subject.run(subject.member_reader.joined_groups(UserId::new(user)?, None, 10))?, []);
    }
    assert_eq!(subject.memberships(), Vec::<Vec<String>>::new());
    let again = subject.run(subject.groups.delete(created.id, Expected::Any));
    assert!(matches!(again, Err(DeleteGroupError::NotFound)), "{again:?}");
    assert!(subject.create(new_group("g"))?.id > created.id);
    Ok(())
}

fn a_stored_name_that_breaks_a_newer_rule_can_be_kept(subject: Subject) -> anyhow::Result<()> {
    let old = GroupName::parse_existing("a\u{202e}b")?;
    let mut group = new_group("g");
    group.name = old.clone();
    let stored = subject.create(group)?;
    let other = subject.create(new_group("h"))?;
    let keep = GroupChange::new(Some(old), Some(GroupToken::parse("u")?), None)?;
    let kept = subject.run(subject.groups.change(stored.id, keep.clone(), Expected::Any, at(100)))?;
    assert_eq!((kept.name, kept.token.as_str()), (stored.name, "u"));
    let refused = subject.run(subject.groups.change(other.id, keep, Expected::Any, at(100)));
    assert!(
        matches!(refused, Err(ChangeGroupError::InvalidName(InvalidGroupName::BidirectionalControl))),
        "{refused:?}"
    );
    Ok(())
}
