use super::*;
use std::slice::from_ref;

type Case<'a> = (&'a [(CreateRequest, Answer)], &'a [Group]);

fn request(name: &str, token: &str) -> CreateRequest {
    CreateRequest {
        name: name.to_owned(),
        token: token.to_owned(),
        admin_id: 7,
        key: Some(format!("key of {token}")),
    }
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

fn ledger(entries: &[(CreateRequest, Answer)]) -> Ledger {
    Ledger { entries: entries.to_vec() }
}

#[test]
fn allowed_rows_are_no_difference() {
    let created = group(1, "a", "t");
    let cases: &[Case<'_>] = &[
        (&[], &[]),
        (&[(request("a", "t"), Answer::Created(created.clone()))], from_ref(&created)),
        // Unknown: stored once or not at all.
        (&[(request("a", "t"), Answer::Unknown)], &[]),
        (&[(request("a", "t"), Answer::Unknown)], from_ref(&created)),
        // The retry's 201 shows that the group is stored.
        (
            &[(request("a", "t"), Answer::Unknown), (request("a", "t"), Answer::Created(created.clone()))],
            from_ref(&created),
        ),
        // The other request has the name.
        (
            &[(request("a", "u"), Answer::Taken), (request("a", "t"), Answer::Created(created.clone()))],
            from_ref(&created),
        ),
        (&[(request("a", "u"), Answer::Taken), (request("a", "t"), Answer::Unknown)], from_ref(&created)),
        (&[(request("a", "t"), Answer::Refused(422))], &[]),
    ];
    for (entries, rows) in cases {
        assert_eq!(ledger(entries).check(rows), [], "{entries:?} {rows:?}");
    }
}

#[test]
fn a_201_that_is_not_stored_is_found() {
    let acknowledged = group(1, "a", "t");
    let ledger = ledger(&[(request("a", "t"), Answer::Created(acknowledged.clone()))]);
    assert_eq!(ledger.check(&[]), [Difference::Lost(acknowledged)]);
}

#[test]
fn a_group_that_is_stored_twice_is_found() {
    let acknowledged = group(1, "a", "t");
    let same_name = group(2, "a", "u");
    let same_token = group(2, "b", "t");
    let same_uuid = Group { uuid: acknowledged.uuid.clone(), ..group(2, "b", "u") };
    for other in [same_name, same_token, same_uuid] {
        let ledger = ledger(&[
            (request("a", "t"), Answer::Created(acknowledged.clone())),
            (request("b", "t"), Answer::Unknown),
            (request("b", "u"), Answer::Unknown),
        ]);
        let found = ledger.check(&[acknowledged.clone(), other.clone()]);
        assert!(found.contains(&Difference::StoredTwice(vec![acknowledged.clone(), other])), "{found:?}");
    }
}

#[test]
fn each_field_that_changed_is_found() {
    let acknowledged = group(1, "a", "t");
    let changes: [fn(&mut Group); 5] = [
        |group| group.id = 2,
        |group| group.uuid = "0199".to_owned(),
        |group| group.admin_id = 8,
        |group| group.token = "u".to_owned(),
        |group| group.created_at = "2026-11-23T03:33:50.363814Z".to_owned(),
    ];
    for change in changes {
        let mut stored = acknowledged.clone();
        change(&mut stored);
        let ledger = ledger(&[(request("a", "t"), Answer::Created(acknowledged.clone()))]);
        assert_eq!(
            ledger.check(&[stored.clone()]),
            [Difference::Changed { acknowledged: acknowledged.clone(), stored }]
        );
    }
    let renamed = Group { name: "b".to_owned(), ..acknowledged.clone() };
    let ledger = ledger(&[(request("a", "t"), Answer::Created(acknowledged.clone()))]);
    assert_eq!(
        ledger.check(from_ref(&renamed)),
        [Difference::Lost(acknowledged), Difference::NotRequested(renamed)]
    );
}

#[test]
fn a_refused_create_that_is_stored_is_found() {
    for (answer, status) in [(Answer::Taken, 409), (Answer::Refused(422), 422)] {
        let stored = group(1, "a", "t");
        let ledger = ledger(&[(request("a", "t"), answer), (request("a", "u"), Answer::Unknown)]);
        let expected =
            Difference::RefusedAndStored { request: request("a", "t"), status, stored: stored.clone() };
        assert_eq!(ledger.check(&[stored]), [expected]);
    }
}

#[test]
fn a_409_for_a_name_that_nobody_has_is_found() {
    let alone = ledger(&[(request("a", "t"), Answer::Taken)]);
    assert_eq!(alone.check(&[]), [Difference::ConflictWithoutRival(request("a", "t"))]);
    let own = ledger(&[(request("a", "t"), Answer::Unknown), (request("a", "t"), Answer::Taken)]);
    assert_eq!(own.check(&[]), [Difference::ConflictWithoutRival(request("a", "t"))]);
    let gone = ledger(&[(request("a", "t"), Answer::Taken), (request("a", "u"), Answer::Unknown)]);
    assert_eq!(gone.check(&[]), [Difference::ConflictWithoutRow(request("a", "t"))]);
}

#[test]
fn a_retry_that_is_refused_by_its_own_group_is_found() {
    let stored = group(1, "a", "t");
    let refused = [(request("a", "t"), Answer::Unknown), (request("a", "t"), Answer::Taken)];
    let others = [
        None,
        Some((request("a", "u"), Answer::Unknown)),
        Some((request("a", "t"), Answer::Created(stored.clone()))),
    ];
    for other in others {
        let entries: Vec<_> = refused.iter().cloned().chain(other).collect();
        let expected =
            Difference::RefusedAndStored { request: request("a", "t"), status: 409, stored: stored.clone() };
        assert_eq!(ledger(&entries).check(from_ref(&stored)), [expected], "{entries:?}");
    }
    // The group of the other client has the name, so 409 is right.
    let contended = ledger(&[refused[0].clone(), refused[1].clone(), (request("a", "u"), Answer::Unknown)]);
    assert_eq!(contended.check(&[group(1, "a", "u")]), []);
}

#[test]
fn a_ledger_is_rolled_back() {
    let kept = group(1, "a", "t");
    let mut ledger = ledger(&[(request("a", "t"), Answer::Created(kept.clone()))]);
    let length = ledger.len();
    ledger.record(request("b", "u"), Answer::Created(group(2, "b", "u")));
    ledger.truncate(length);
    assert_eq!(ledger.check(from_ref(&kept)), []);
    assert_eq!(ledger.check(&[]), [Difference::Lost(kept)]);
}

#[test]
fn two_groups_for_one_name_are_found() {
    let [one, other] = [group(1, "a", "t"), group(2, "a", "t")];
    let ledger = ledger(&[
        (request("a", "t"), Answer::Created(one.clone())),
        (request("a", "t"), Answer::Created(other.clone())),
    ]);
    assert_eq!(ledger.check(from_ref(&one)), [Difference::TwoGroupsForOneName(one, other)]);
}

#[test]
fn a_row_without_a_request_is_found() {
    let stray = group(1, "a", "t");
    assert_eq!(ledger(&[]).check(from_ref(&stray)), [Difference::NotRequested(stray.clone())]);
    let other_fields = ledger(&[(request("a", "u"), Answer::Unknown)]);
    assert_eq!(other_fields.check(from_ref(&stray)), [Difference::NotRequested(stray)]);
}
