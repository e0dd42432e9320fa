use super::*;
use std::slice::from_ref;

type Case<'a> = (&'a [(Ask, Answer)], &'a [Group]);

fn ask(name: &str, token: &str) -> Ask {
    Ask { name: name.to_owned(), token: token.to_owned(), admin_id: 7, key: Some(format!("key of {token}")) }
}

fn group(id: i64, name: &str, token: &str) -> Group {
    Group {
        id,
        uuid: format!("0199{id:04}-0000-7000-8000-000000000000"),
        name: name.to_owned(),
        admin_id: 7,
        token: token.to_owned(),
        created_at: "2026-11-23T03:33:50.363813Z".to_owned(),
    }
}

fn ledger(entries: &[(Ask, Answer)]) -> Ledger {
    Ledger { entries: entries.to_vec() }
}

#[test]
fn what_may_be_is_no_difference() {
    let created = group(1, "a", "t");
    let cases: &[Case<'_>] = &[
        (&[], &[]),
        (&[(ask("a", "t"), Answer::Created(created.clone()))], from_ref(&created)),
        // Open: once or not at all.
        (&[(ask("a", "t"), Answer::Open)], &[]),
        (&[(ask("a", "t"), Answer::Open)], from_ref(&created)),
        // A retry says which.
        (
            &[(ask("a", "t"), Answer::Open), (ask("a", "t"), Answer::Created(created.clone()))],
            from_ref(&created),
        ),
        // The other one has the name.
        (
            &[(ask("a", "u"), Answer::Taken), (ask("a", "t"), Answer::Created(created.clone()))],
            from_ref(&created),
        ),
        (&[(ask("a", "u"), Answer::Taken), (ask("a", "t"), Answer::Open)], from_ref(&created)),
        (&[(ask("a", "t"), Answer::Refused(422))], &[]),
    ];
    for (entries, rows) in cases {
        assert_eq!(ledger(entries).check(rows), [], "{entries:?} {rows:?}");
    }
}

#[test]
fn a_201_that_is_not_stored_is_found() {
    let told = group(1, "a", "t");
    let ledger = ledger(&[(ask("a", "t"), Answer::Created(told.clone()))]);
    assert_eq!(ledger.check(&[]), [Difference::Lost(told)]);
}

#[test]
fn a_group_that_is_stored_twice_is_found() {
    let told = group(1, "a", "t");
    let same_name = group(2, "a", "u");
    let same_token = group(2, "b", "t");
    let same_uuid = Group { uuid: told.uuid.clone(), ..group(2, "b", "u") };
    for other in [same_name, same_token, same_uuid] {
        let ledger = ledger(&[
            (ask("a", "t"), Answer::Created(told.clone())),
            (ask("b", "t"), Answer::Open),
            (ask("b", "u"), Answer::Open),
        ]);
        let found = ledger.check(&[told.clone(), other.clone()]);
        assert!(found.contains(&Difference::StoredTwice(vec![told.clone(), other])), "{found:?}");
    }
}

#[test]
fn each_field_that_changed_is_found() {
    let told = group(1, "a", "t");
    let changes: [fn(&mut Group); 5] = [
        |group| group.id = 2,
        |group| group.uuid = "0199".to_owned(),
        |group| group.admin_id = 8,
        |group| group.token = "u".to_owned(),
        |group| group.created_at = "2026-11-23T03:33:50.363814Z".to_owned(),
    ];
    for change in changes {
        let mut stored = told.clone();
        change(&mut stored);
        let ledger = ledger(&[(ask("a", "t"), Answer::Created(told.clone()))]);
        assert_eq!(ledger.check(&[stored.clone()]), [Difference::Changed { told: told.clone(), stored }]);
    }
    let renamed = Group { name: "b".to_owned(), ..told.clone() };
    let ledger = ledger(&[(ask("a", "t"), Answer::Created(told.clone()))]);
    assert_eq!(ledger.check(from_ref(&renamed)), [Difference::Lost(told), Difference::NobodyAsked(renamed)]);
}

#[test]
fn a_refused_create_that_is_stored_is_found() {
    for (answer, status) in [(Answer::Taken, 409), (Answer::Refused(422), 422)] {
        let stored = group(1, "a", "t");
        let ledger = ledger(&[(ask("a", "t"), answer), (ask("a", "u"), Answer::Open)]);
        let expected = Difference::RefusedAndStored { ask: ask("a", "t"), status, stored: stored.clone() };
        assert_eq!(ledger.check(&[stored]), [expected]);
    }
}

#[test]
fn a_409_for_a_name_that_nobody_has_is_found() {
    let alone = ledger(&[(ask("a", "t"), Answer::Taken)]);
    assert_eq!(alone.check(&[]), [Difference::TakenByNobody(ask("a", "t"))]);
    let own = ledger(&[(ask("a", "t"), Answer::Open), (ask("a", "t"), Answer::Taken)]);
    assert_eq!(own.check(&[]), [Difference::TakenByNobody(ask("a", "t"))]);
    let gone = ledger(&[(ask("a", "t"), Answer::Taken), (ask("a", "u"), Answer::Open)]);
    assert_eq!(gone.check(&[]), [Difference::TakenAndMissing(ask("a", "t"))]);
}

#[test]
fn a_retry_that_is_refused_by_its_own_group_is_found() {
    let stored = group(1, "a", "t");
    let refused = [(ask("a", "t"), Answer::Open), (ask("a", "t"), Answer::Taken)];
    let others =
        [None, Some((ask("a", "u"), Answer::Open)), Some((ask("a", "t"), Answer::Created(stored.clone())))];
    for other in others {
        let entries: Vec<_> = refused.iter().cloned().chain(other).collect();
        let expected =
            Difference::RefusedAndStored { ask: ask("a", "t"), status: 409, stored: stored.clone() };
        assert_eq!(ledger(&entries).check(from_ref(&stored)), [expected], "{entries:?}");
    }
    // The other contender's group refuses it, as it should.
    let contended = ledger(&[refused[0].clone(), refused[1].clone(), (ask("a", "u"), Answer::Open)]);
    assert_eq!(contended.check(&[group(1, "a", "u")]), []);
}

#[test]
fn a_ledger_goes_back_to_what_it_was() {
    let kept = group(1, "a", "t");
    let mut ledger = ledger(&[(ask("a", "t"), Answer::Created(kept.clone()))]);
    let length = ledger.len();
    ledger.record(ask("b", "u"), Answer::Created(group(2, "b", "u")));
    ledger.truncate(length);
    assert_eq!(ledger.check(from_ref(&kept)), []);
    assert_eq!(ledger.check(&[]), [Difference::Lost(kept)]);
}

#[test]
fn two_groups_for_one_name_are_found() {
    let [one, other] = [group(1, "a", "t"), group(2, "a", "t")];
    let ledger = ledger(&[
        (ask("a", "t"), Answer::Created(one.clone())),
        (ask("a", "t"), Answer::Created(other.clone())),
    ]);
    assert_eq!(ledger.check(from_ref(&one)), [Difference::ToldTwice(one, other)]);
}

#[test]
fn a_row_that_nobody_asked_for_is_found() {
    let stray = group(1, "a", "t");
    assert_eq!(ledger(&[]).check(from_ref(&stray)), [Difference::NobodyAsked(stray.clone())]);
    let other_fields = ledger(&[(ask("a", "u"), Answer::Open)]);
    assert_eq!(other_fields.check(from_ref(&stray)), [Difference::NobodyAsked(stray)]);
}
