//! The contract of `GroupRepository`.

use crate::{
    Case,
    subject::{Subject, row},
};
use futures_util::future::join_all;
use gochat_domain::ports::CreateGroupError;
use gochat_domain::testing::{new_group, new_group_of};
use gochat_test_support::cases;

pub fn cases() -> Vec<Case> {
    cases![
        every_field_is_stored_as_given_and_returned_as_stored,
        a_second_group_of_the_same_name_is_refused,
        one_of_200_concurrent_creates_of_one_name_succeeds,
        an_id_is_never_reused,
        names_that_differ_in_case_are_two_groups,
        the_composed_and_the_decomposed_form_are_one_name,
    ]
}

fn every_field_is_stored_as_given_and_returned_as_stored(subject: Subject) -> anyhow::Result<()> {
    let astral = "\u{1d11e}".repeat(63);
    let groups = [
        new_group_of("group_1", "298fbgv479bv", 1),
        new_group_of(&astral, "e\u{301}", i64::MAX),
        new_group_of("'; DROP TABLE groups; --", " \"\\ ", 2),
    ];
    for (number, given) in groups.into_iter().enumerate() {
        let name = given.name.as_str().to_owned();
        let returned = subject.create(given.clone())?;
        assert_eq!(given.with_id(returned.id), returned);
        assert_eq!(subject.stored(&name), [row(&returned)]);
        assert_eq!(returned.id.get(), i64::try_from(number)? + 1);
    }
    Ok(())
}

fn a_second_group_of_the_same_name_is_refused(subject: Subject) -> anyhow::Result<()> {
    let first = subject.create(new_group_of("g", "first", 1))?;
    assert!(matches!(subject.create(new_group_of("g", "second", 2)), Err(CreateGroupError::NameTaken)));
    assert_eq!(subject.stored("g"), [row(&first)]);
    Ok(())
}

fn one_of_200_concurrent_creates_of_one_name_succeeds(subject: Subject) -> anyhow::Result<()> {
    let answers = subject.run(join_all((0..200).map(|_| subject.groups.create(new_group("g"), None))));
    let created: Vec<_> = answers.iter().flatten().map(|created| row(&created.group)).collect();
    let taken = answers.iter().filter(|answer| matches!(answer, Err(CreateGroupError::NameTaken))).count();
    assert_eq!((created.len(), taken), (1, 199));
    assert_eq!(subject.stored("g"), created);
    Ok(())
}

fn an_id_is_never_reused(subject: Subject) -> anyhow::Result<()> {
    let deleted = subject.create(new_group("g"))?;
    subject.delete("g");
    assert!(subject.stored("g").is_empty());
    assert!(subject.create(new_group("g"))?.id > deleted.id);
    Ok(())
}

fn names_that_differ_in_case_are_two_groups(subject: Subject) -> anyhow::Result<()> {
    assert_ne!(subject.create(new_group("A"))?.id, subject.create(new_group("a"))?.id);
    assert_eq!((subject.stored("A").len(), subject.stored("a").len()), (1, 1));
    Ok(())
}

fn the_composed_and_the_decomposed_form_are_one_name(subject: Subject) -> anyhow::Result<()> {
    let composed = subject.create(new_group("caf\u{e9}"))?;
    assert!(matches!(subject.create(new_group("cafe\u{301}")), Err(CreateGroupError::NameTaken)));
    assert_eq!(subject.stored("caf\u{e9}"), [row(&composed)]);
    Ok(())
}
