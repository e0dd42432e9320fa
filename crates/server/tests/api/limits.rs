//! Limits on the number of groups and members.

use crate::{
    app::App,
    one_group::create,
    one_member::{hand_over, join, join_by, leave},
};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Reply, Request, send_at_once},
};
use serde_json::json;
use std::collections::BTreeMap;

pub fn cases() -> Vec<Case> {
    cases![
        a_full_group_takes_nobody_until_somebody_leaves,
        a_full_group_is_handed_over_only_to_a_member,
        an_administrator_gets_no_group_beyond_the_limit,
        the_service_takes_no_group_beyond_the_limit,
        lowering_a_limit_removes_nobody,
        the_group_is_full_at_exactly_the_limit_under_many_joins,
        the_limits_on_groups_are_exact_under_many_creates_and_hand_overs,
    ]
}

/// Cases with two instances on one database.
pub fn postgres_cases() -> Vec<Case> {
    cases![
        the_group_is_full_at_exactly_the_limit_from_two_instances,
        the_limits_on_groups_are_exact_from_two_instances,
    ]
}

const MEMBERS: &str = "GOCHAT__LIMITS__MEMBERS_PER_GROUP";
const GROUPS: &str = "GOCHAT__LIMITS__GROUPS";
const GROUPS_OF_ADMINISTRATOR: &str = "GOCHAT__LIMITS__GROUPS_PER_ADMINISTRATOR";

#[track_caller]
fn assert_full(reply: &Reply) {
    reply.assert_error(409, "group_full", None, "the group has the maximum number of members");
}

#[track_caller]
fn assert_administrator_has_too_many(reply: &Reply) {
    let error = "the administrator has the maximum number of groups";
    reply.assert_error(409, "too_many_groups", Some("admin_id"), error);
}

#[track_caller]
fn assert_too_many(reply: &Reply) {
    reply.assert_error(409, "too_many_groups", None, "the maximum number of groups is reached");
}

fn create_for(name: &str, admin_id: u32) -> Request {
    Request::create(json!({ "name": name, "token": "t", "admin_id": admin_id }).to_string())
}

/// A request to hand a group over.
fn change_administrator(group: u32, admin_id: u32) -> Request {
    Request::json("PUT", &format!("/v1/group/{group}"), json!({ "admin_id": admin_id }).to_string())
}

fn delete(group: u32) -> Request {
    Request::new("DELETE", &format!("/v1/group/{group}")).by(DEVELOPMENT_KEY)
}

fn a_full_group_takes_nobody_until_somebody_leaves(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[(MEMBERS, "3")]);
    create(&app, "g");
    create(&app, "other");
    for user in [10, 11] {
        assert_eq!(join(1, user).send(app.port).status, 201);
    }
    for body in
        [json!({ "group_id": 1, "user_id": 12, "token": "t" }), json!({ "group_id": 1, "user_id": 12 })]
    {
        assert_full(&join_by(body).send(app.port));
    }
    // A wrong token is reported first. A join by a user who is a member already still succeeds.
    let wrong = join_by(json!({ "group_id": 1, "user_id": 12, "token": "u" })).send(app.port);
    wrong.assert_error(403, "wrong_group_token", Some("token"), "the token is not the group's token");
    for user in [1, 10, 11] {
        assert_eq!(join(1, user).send(app.port).status, 200);
    }
    assert_eq!(join(2, 12).send(app.port).status, 201);
    assert_eq!(app.memberships(), [["1", "10"], ["1", "11"], ["2", "12"]]);
    assert_eq!(leave(1, 10).send(app.port).status, 200);
    assert_eq!(join(1, 12).send(app.port).status, 201);
    assert_full(&join(1, 10).send(app.port));
    assert_eq!(app.memberships(), [["1", "11"], ["1", "12"], ["2", "12"]]);
    Ok(())
}

fn a_full_group_is_handed_over_only_to_a_member(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[(MEMBERS, "2")]);
    create(&app, "g");
    assert_eq!(join(1, 10).send(app.port).status, 201);
    assert_full(&change_administrator(1, 11).send(app.port));
    assert_eq!((app.memberships(), &*app.groups()[0][4]), (vec![["1".to_owned(), "10".to_owned()]], "1"));
    hand_over(&app, 1, 10);
    assert_eq!((app.memberships().len(), &*app.groups()[0][4]), (2, "10"));
    // The administrator alone fills a group of one.
    let app = app.beside(&[(MEMBERS, "1")]);
    create(&app, "alone");
    assert_full(&join(2, 10).send(app.port));
    assert_full(&change_administrator(2, 10).send(app.port));
    Ok(())
}

fn an_administrator_gets_no_group_beyond_the_limit(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[(GROUPS_OF_ADMINISTRATOR, "2")]);
    for (name, admin_id) in [("a", 1), ("b", 1), ("c", 2)] {
        assert_eq!(create_for(name, admin_id).send(app.port).status, 201);
    }
    assert_administrator_has_too_many(&create_for("d", 1).send(app.port));
    let with_key = create_for("d", 1).header("Idempotency-Key", "k");
    assert_administrator_has_too_many(&with_key.send(app.port));
    assert_administrator_has_too_many(&change_administrator(3, 1).send(app.port));
    // A taken name is reported first. The limit does not apply to joins.
    create_for("a", 1).send(app.port).assert_name_taken(Some(1));
    assert_eq!(join(3, 1).send(app.port).status, 201);
    // A group may be handed over to the administrator that it has already.
    assert_eq!(change_administrator(1, 1).send(app.port).status, 200);
    assert_eq!(app.names(), ["a", "b", "c"]);
    // A refused request is not recorded: a retry succeeds once there is room.
    assert_eq!(delete(2).send(app.port).status, 200);
    assert_eq!(with_key.send(app.port).status, 201);
    assert_eq!(change_administrator(1, 2).send(app.port).status, 200);
    assert_administrator_has_too_many(&create_for("e", 2).send(app.port));
    assert_eq!(create_for("e", 1).send(app.port).status, 201);
    assert_eq!(app.names(), ["a", "c", "d", "e"]);
    Ok(())
}

fn the_service_takes_no_group_beyond_the_limit(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[(GROUPS, "2"), (GROUPS_OF_ADMINISTRATOR, "1")]);
    for (name, admin_id) in [("a", 1), ("b", 2)] {
        assert_eq!(create_for(name, admin_id).send(app.port).status, 201);
    }
    // The limit on all groups is reported first.
    for admin_id in [1, 3] {
        assert_too_many(&create_for("c", admin_id).send(app.port));
    }
    assert_eq!(change_administrator(1, 3).send(app.port).status, 200);
    assert_eq!(delete(2).send(app.port).status, 200);
    assert_eq!(create_for("c", 1).send(app.port).status, 201);
    assert_too_many(&create_for("d", 4).send(app.port));
    assert_eq!(app.names(), ["a", "c"]);
    Ok(())
}

fn lowering_a_limit_removes_nobody(database: TestDatabase) -> anyhow::Result<()> {
    let before = App::on(database);
    for name in ["a", "b", "c"] {
        create(&before, name);
    }
    for user in [10, 11, 12] {
        assert_eq!(join(1, user).send(before.port).status, 201);
    }
    let rows = (before.groups(), before.memberships());
    let app = before.beside(&[(MEMBERS, "2"), (GROUPS, "1"), (GROUPS_OF_ADMINISTRATOR, "1")]);
    drop(before);
    assert_eq!((app.groups(), app.memberships()), rows);
    assert_full(&join(1, 13).send(app.port));
    assert_too_many(&create_for("d", 2).send(app.port));
    assert_eq!(change_administrator(2, 2).send(app.port).status, 200);
    assert_administrator_has_too_many(&change_administrator(3, 2).send(app.port));
    assert_eq!(leave(1, 10).send(app.port).status, 200);
    assert_full(&join(1, 10).send(app.port));
    assert_eq!((app.groups().len(), join(1, 11).send(app.port).status), (3, 200));
    Ok(())
}

/// Lets 300 users join a new group at once, through these ports in turn. The group may have 100 members.
fn fill(app: &App, ports: &[u16]) {
    create(app, "g");
    let joins = (10..310).zip(ports.iter().cycle()).map(|(user, port)| (*port, join(1, user)));
    let replies = send_at_once(joins);
    let (joined, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    // The administrator is the hundredth member.
    assert_eq!((joined.len(), refused.len()), (99, 201));
    refused.into_iter().for_each(assert_full);
    let stored: Vec<_> = app.memberships().into_iter().map(|[_, user]| user).collect();
    let mut answered: Vec<_> = joined.iter().map(|reply| reply.json()["user_id"].to_string()).collect();
    answered.sort_by_key(|user| user.parse::<u32>().unwrap());
    assert_eq!(stored, answered);
    let members = Request::get("/v1/group_members?id=1&limit=1000").send(app.port).json();
    assert_eq!(members.as_array().unwrap().len(), 100);
    assert_eq!((&members[0]["id"], &members[0]["role"]), (&1.into(), &"administrator".into()));
}

fn the_group_is_full_at_exactly_the_limit_under_many_joins(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[(MEMBERS, "100")]);
    fill(&app, &[app.port]);
    Ok(())
}

fn the_group_is_full_at_exactly_the_limit_from_two_instances(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[(MEMBERS, "100")]);
    let second = app.beside(&[(MEMBERS, "100")]);
    fill(&app, &[app.port, second.port]);
    Ok(())
}

const EXACT: [(&str, &str); 2] = [(GROUPS, "60"), (GROUPS_OF_ADMINISTRATOR, "10")];

/// Sends more requests at once than the limits of [`EXACT`] allow, through these ports in turn: creates and hand-overs
/// for three administrators, and then creates for others. Passes if exactly as many succeed as the limits allow.
fn exceed(app: &App, ports: &[u16]) {
    let ports = || ports.iter().copied().cycle();
    let groups_by_administrator = || {
        let mut counts = BTreeMap::<String, usize>::new();
        for [_, _, _, _, admin_id, _] in app.groups() {
            *counts.entry(admin_id).or_default() += 1;
        }
        counts
    };
    // Groups 1 to 20, each with an administrator of its own.
    for number in 1..=20 {
        assert_eq!(create_for(&format!("g{number}"), 100 + number).send(app.port).status, 201);
    }
    // Three administrators may get 30 groups, by creates and by hand-overs.
    let creates = (0..60).map(|number| create_for(&format!("h{number}"), 1 + number % 3));
    let hand_overs = (1..=20).map(|group| change_administrator(group, 1 + group % 3));
    let replies = send_at_once(ports().zip(creates.chain(hand_overs)));
    for (number, reply) in replies.iter().enumerate() {
        let done = if number < 60 { 201 } else { 200 };
        if reply.status != done {
            assert_administrator_has_too_many(reply);
        }
    }
    let counts = groups_by_administrator();
    for administrator in ["1", "2", "3"] {
        assert_eq!(counts.get(administrator), Some(&10), "{counts:?}");
    }
    assert_eq!(replies.iter().filter(|reply| reply.status < 300).count(), 30);
    // Further creates succeed up to the limit on all groups.
    let existing = app.groups().len();
    let creates = (0..100).map(|number| create_for(&format!("i{number}"), 200 + number));
    let replies = send_at_once(ports().zip(creates));
    let (stored, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((existing + stored.len(), app.groups().len()), (60, 60));
    refused.into_iter().for_each(assert_too_many);
}

fn the_limits_on_groups_are_exact_under_many_creates_and_hand_overs(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::with(database, &EXACT);
    exceed(&app, &[app.port]);
    Ok(())
}

fn the_limits_on_groups_are_exact_from_two_instances(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &EXACT);
    let second = app.beside(&EXACT);
    exceed(&app, &[app.port, second.port]);
    Ok(())
}
