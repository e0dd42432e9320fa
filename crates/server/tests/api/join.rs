//! Joining groups.

use crate::{
    app::App,
    keys::{issue, issue_with_all_scopes},
    one_group::{create, run_command},
    one_member::{assert_member, body, hand_over, join, join_by, joined_at, leave},
};
use gochat_domain::{
    auth::Scope,
    clock::{Clock, SystemClock},
};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Reply, Request, send_at_once},
};
use serde_json::json;

pub fn cases() -> Vec<Case> {
    cases![
        a_user_joins_by_the_token_and_a_repeated_request_has_the_same_reply,
        ids_are_integers_or_strings_of_digits,
        the_command_of_the_public_documentation_makes_a_member,
        a_wrong_token_is_refused_whatever_the_scope,
        only_the_scope_members_write_may_leave_the_token_out,
        the_administrator_is_a_member_already,
        the_administrators_of_a_hand_over_are_members,
        after_a_change_of_the_token_only_the_new_one_is_accepted,
        a_group_that_does_not_exist_is_404_with_the_field_group_id,
        a_group_whose_name_breaks_a_newer_rule_is_joined_like_any_other,
        an_invalid_request_is_reported_and_makes_no_member,
        joining_needs_one_of_its_scopes_before_the_body_is_read,
        many_joins_of_one_user_at_once_make_one_membership,
        many_users_join_one_group_at_once,
        a_join_is_made_before_a_delete_or_refused_after_it,
    ]
}

fn a_user_joins_by_the_token_and_a_repeated_request_has_the_same_reply(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let before = SystemClock.now().to_string();
    let joined = join(1, 10).send(app.port);
    let after = SystemClock.now().to_string();
    let time = joined_at(&app, 1, 10);
    assert_member(&joined, 201, &body(1, 10, "member", &time));
    assert!((before..=after).contains(&time), "{time}");
    for request in [join(1, 10), join_by(json!({ "group_id": 1, "user_id": 10 }))] {
        assert_member(&request.send(app.port), 200, &joined.body);
    }
    assert_eq!(app.memberships(), [["1", "10"]]);
    Ok(())
}

fn ids_are_integers_or_strings_of_digits(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for (status, ids) in [
        (201, r#""group_id":"1","user_id":"9223372036854775807""#),
        (200, r#""group_id":1,"user_id":9223372036854775807"#),
        (200, r#""group_id":"001","user_id":"9223372036854775807""#),
    ] {
        let request = Request::post("/v1/member", format!(r#"{{{ids},"token":"t","id":0,"role":null}}"#));
        let reply = request.send(app.port);
        assert_eq!((reply.status, &reply.json()["user_id"]), (status, &i64::MAX.into()), "{}", reply.body);
    }
    assert_eq!(app.memberships(), [["1", "9223372036854775807"]]);
    Ok(())
}

fn the_command_of_the_public_documentation_makes_a_member(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for (user, ids) in [(10, r#""group_id": 1, "user_id": 10"#), (11, r#""group_id": "1", "user_id": "11""#)]
    {
        let curl = r"curl --location --request POST 'localhost:1213/v1/member' \
          --header 'GoChat-Token: 433578ab-84c2-4e02-4656-de55a8097c9f' \
          --header 'Content-Type: application/json' \
          --data-raw '{ IDS }'";
        let printed = run_command(&app, &curl.replace("IDS", ids));
        assert_eq!(printed, body(1, user, "member", &joined_at(&app, 1, user)));
    }
    assert_eq!(app.memberships(), [["1", "10"], ["1", "11"]]);
    Ok(())
}

fn a_wrong_token_is_refused_whatever_the_scope(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    assert_eq!(join(1, 10).send(app.port).status, 201);
    let (join_key, write_key) =
        (issue(&app, Scope::MembersJoin, None).0, issue(&app, Scope::MembersWrite, None).0);
    let both = issue_with_all_scopes(&app);
    for key in [join_key.expose(), write_key.expose(), both.expose(), DEVELOPMENT_KEY] {
        for token in ["u", "T", "tt", " t", "t ", &"t".repeat(63)] {
            // A stranger, a member, and the administrator.
            for user in [11, 10, 1] {
                let body = json!({ "group_id": 1, "user_id": user, "token": token });
                let reply = join_by(body).by(key).send(app.port);
                let error = "the token is not the group's token";
                reply.assert_error(403, "wrong_group_token", Some("token"), error);
            }
        }
    }
    assert_eq!(app.memberships(), [["1", "10"]]);
    Ok(())
}

fn only_the_scope_members_write_may_leave_the_token_out(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let (join_key, write_key) =
        (issue(&app, Scope::MembersJoin, None).0, issue(&app, Scope::MembersWrite, None).0);
    let without_token = |user: u32| join_by(json!({ "group_id": 1, "user_id": user }));
    // The administrator (who is a member), a stranger, and a group that does not exist.
    for body in [(1, 1), (1, 10), (7, 10)].map(|(group, user)| json!({ "group_id": group, "user_id": user }))
    {
        let reply = join_by(body).by(join_key.expose()).send(app.port);
        let error = "token must be given; only a key with the scope members:write may leave it out";
        reply.assert_error(422, "invalid_token", Some("token"), error);
    }
    assert!(app.memberships().is_empty());
    let added = without_token(10).by(write_key.expose()).send(app.port);
    assert_member(&added, 201, &body(1, 10, "member", &joined_at(&app, 1, 10)));
    // With the token, each of the two scopes is enough.
    for (key, user) in [(&join_key, 11), (&write_key, 12)] {
        let joined = join(1, user).by(key.expose()).send(app.port);
        assert_member(&joined, 201, &body(1, user, "member", &joined_at(&app, 1, user)));
    }
    assert_eq!(app.memberships(), [["1", "10"], ["1", "11"], ["1", "12"]]);
    Ok(())
}

fn the_administrator_is_a_member_already(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let created_at = create(&app, "g").json()["created_at"].as_str().unwrap().to_owned();
    for request in [join(1, 1), join_by(json!({ "group_id": 1, "user_id": 1 }))] {
        assert_member(&request.send(app.port), 200, &body(1, 1, "administrator", &created_at));
    }
    assert!(app.memberships().is_empty());
    Ok(())
}

fn the_administrators_of_a_hand_over_are_members(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let created_at = create(&app, "g").json()["created_at"].as_str().unwrap().to_owned();
    assert_eq!(join(1, 10).send(app.port).status, 201);
    let time = joined_at(&app, 1, 10);
    hand_over(&app, 1, 10);
    assert_member(&join(1, 10).send(app.port), 200, &body(1, 10, "administrator", &time));
    assert_member(&join(1, 1).send(app.port), 200, &body(1, 1, "member", &created_at));
    // The new administrator was no member before.
    hand_over(&app, 1, 11);
    let body_of = |user, role| body(1, user, role, &joined_at(&app, 1, user));
    assert_member(&join(1, 11).send(app.port), 200, &body_of(11, "administrator"));
    assert_member(&join(1, 10).send(app.port), 200, &body(1, 10, "member", &time));
    assert_eq!(app.memberships(), [["1", "1"], ["1", "10"], ["1", "11"]]);
    Ok(())
}

fn after_a_change_of_the_token_only_the_new_one_is_accepted(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let changed = Request::json("PATCH", "/v1/group/1", r#"{"token":"u"}"#).send(app.port);
    assert_eq!(changed.status, 200);
    let reply = join(1, 10).send(app.port);
    reply.assert_error(403, "wrong_group_token", Some("token"), "the token is not the group's token");
    let joined = join_by(json!({ "group_id": 1, "user_id": 10, "token": "u" })).send(app.port);
    assert_member(&joined, 201, &body(1, 10, "member", &joined_at(&app, 1, 10)));
    Ok(())
}

#[track_caller]
fn assert_no_such_group(reply: &Reply) {
    reply.assert_error(404, "group_not_found", Some("group_id"), "there is no such group");
}

fn a_group_that_does_not_exist_is_404_with_the_field_group_id(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    assert_eq!(join(1, 10).send(app.port).status, 201);
    assert_eq!(Request::new("DELETE", "/v1/group/1").by(DEVELOPMENT_KEY).send(app.port).status, 200);
    for group in [json!(1), json!(2), json!("9223372036854775807")] {
        assert_no_such_group(&join_by(json!({ "group_id": group, "user_id": 10 })).send(app.port));
        let body = json!({ "group_id": group, "user_id": 10, "token": "t" });
        assert_no_such_group(&join_by(body).send(app.port));
    }
    assert!(app.memberships().is_empty());
    Ok(())
}

fn a_group_whose_name_breaks_a_newer_rule_is_joined_like_any_other(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    app.database.execute("UPDATE groups SET name = '\u{200b}'")?;
    let joined = join(1, 10).send(app.port);
    assert_member(&joined, 201, &body(1, 10, "member", &joined_at(&app, 1, 10)));
    assert_member(&leave(1, 10).send(app.port), 200, &joined.body);
    Ok(())
}

fn an_invalid_request_is_reported_and_makes_no_member(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let group_id =
        ("invalid_group_id", "group_id", "group_id must be an integer from 1 to 9223372036854775807");
    let user_id = ("invalid_user_id", "user_id", "user_id must be an integer from 1 to 9223372036854775807");
    let token = |error| ("invalid_token", "token", error);
    let no_string = token("token must be a string");
    let ids = [
        "null",
        "0",
        "-1",
        "1.0",
        "1e3",
        "true",
        "[1]",
        "{}",
        "\"\"",
        "\"0\"",
        "\" 1\"",
        "\"+1\"",
        "\"x\"",
        "9223372036854775808",
    ];
    let mut cases = vec![
        ("{}".to_owned(), group_id),
        (r#"{"user_id":10,"token":"t"}"#.into(), group_id),
        (r#"{"group_id":1,"token":"t"}"#.into(), user_id),
        (r#"{"group_id":1,"user_id":10,"token":null}"#.into(), no_string),
        (r#"{"group_id":1,"user_id":10,"token":1}"#.into(), no_string),
        (r#"{"group_id":1,"user_id":10,"token":["t"]}"#.into(), no_string),
        (r#"{"group_id":1,"user_id":10,"token":"\ud800"}"#.into(), no_string),
        (r#"{"group_id":1,"user_id":10,"token":""}"#.into(), token("token must not be empty")),
        (
            r#"{"group_id":1,"user_id":10,"token":"a\tb"}"#.into(),
            token("token must not contain control characters"),
        ),
        (
            format!(r#"{{"group_id":1,"user_id":10,"token":"{}"}}"#, "x".repeat(64)),
            token("token must have at most 63 characters"),
        ),
    ];
    for id in ids {
        cases.push((format!(r#"{{"group_id":{id},"user_id":10,"token":"t"}}"#), group_id));
        cases.push((format!(r#"{{"group_id":1,"user_id":{id},"token":"t"}}"#), user_id));
    }
    for (body, (code, field, error)) in cases {
        Request::post("/v1/member", body).send(app.port).assert_error(422, code, Some(field), error);
    }
    let twice = r#"{"group_id":1,"user_id":10,"user_id":11}"#;
    for (body, reason) in [
        ("[]", "invalid type: sequence, expected an object at line 1 column 0"),
        (twice, "it has a key twice at line 1 column 40"),
    ] {
        let error = format!("the body must be one JSON object: {reason}");
        Request::post("/v1/member", body).send(app.port).assert_error(400, "malformed_json", None, &error);
    }
    let untyped = join(1, 10).without("content-type").send(app.port);
    untyped.assert_error(
        415,
        "unsupported_media_type",
        None,
        "the content type must be application/json or application/x-ndjson",
    );
    let large = Request::post("/v1/member", "x".repeat(16_385)).send(app.port);
    large.assert_error(413, "body_too_large", None, "the body must have at most 16384 bytes");
    assert!(app.memberships().is_empty());
    Ok(())
}

fn joining_needs_one_of_its_scopes_before_the_body_is_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for body in [r#"{"group_id":1,"user_id":10,"token":"t"}"#, "nonsense"] {
        let request = Request::post("/v1/member", body);
        for scope in [Scope::GroupsRead, Scope::GroupsWrite] {
            let (key, _) = issue(&app, scope, None);
            let reply = request.clone().by(key.expose()).send(app.port);
            reply.assert_lacks_scope("members:join or members:write");
        }
        let reply = request.without("gochat-token").send(app.port);
        reply.assert_error(401, "unauthorized", None, "the API key is missing or not valid");
    }
    assert!(app.memberships().is_empty());
    Ok(())
}

fn many_joins_of_one_user_at_once_make_one_membership(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let replies = send_at_once((0..200).map(|_| (app.port, join(1, 10))));
    let (new, known): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((new.len(), known.len()), (1, 199));
    let body = body(1, 10, "member", &joined_at(&app, 1, 10));
    assert_member(new[0], 201, &body);
    for reply in known {
        assert_member(reply, 200, &body);
    }
    assert_eq!(app.memberships(), [["1", "10"]]);
    Ok(())
}

fn many_users_join_one_group_at_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let replies = send_at_once((10..210).map(|user| (app.port, join(1, user))));
    for (user, reply) in (10..210).zip(&replies) {
        let time = reply.json()["joined_at"].as_str().unwrap().to_owned();
        assert_member(reply, 201, &body(1, user, "member", &time));
    }
    let users: Vec<_> = (10..210).map(|user| ["1".to_owned(), user.to_string()]).collect();
    assert_eq!(app.memberships(), users);
    Ok(())
}

fn a_join_is_made_before_a_delete_or_refused_after_it(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for group in 1..=5 {
        create(&app, "g");
        let delete = Request::new("DELETE", &format!("/v1/group/{group}")).by(DEVELOPMENT_KEY);
        let joins = |users: std::ops::Range<u32>| users.map(|user| (app.port, join(group, user)));
        let requests = joins(10..40).chain([(app.port, delete)]).chain(joins(40..70));
        let mut replies = send_at_once(requests);
        assert_eq!(replies.remove(30).status, 200);
        for (user, reply) in (10..70).zip(&replies) {
            if reply.status == 201 {
                let time = reply.json()["joined_at"].as_str().unwrap().to_owned();
                assert_member(reply, 201, &body(group, user, "member", &time));
            } else {
                assert_no_such_group(reply);
            }
        }
        assert!(app.memberships().is_empty());
    }
    Ok(())
}
