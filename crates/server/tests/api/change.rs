//! Changing groups, and handing them over.

use crate::{
    app::App,
    keys::{issue, issue_with_all_scopes},
    one_group::{assert_group, assert_no_group, create, run_command, stored_body},
};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        only_the_fields_that_appear_are_changed,
        the_commands_of_the_public_documentation_change_a_group,
        a_change_that_changes_nothing_leaves_the_version,
        the_old_name_is_free_after_a_rename,
        a_taken_name_is_refused_with_the_id_of_its_group_if_the_caller_may_read,
        a_group_is_handed_over_and_the_administrators_are_members,
        a_name_that_breaks_a_newer_rule_may_be_kept_but_not_given_to_another_group,
        an_invalid_change_is_refused_and_changes_nothing,
        a_group_that_does_not_exist_is_not_changed,
        changing_needs_the_scope_groups_write_before_the_body_is_read,
    ]
}

/// The methods that change a group, and are the same.
const METHODS: [&str; 2] = ["PUT", "PATCH"];

fn change(app: &App, method: &str, id: u32, body: &str) -> Reply {
    Request::json(method, &format!("/v1/group/{id}"), body).send(app.port)
}

fn only_the_fields_that_appear_are_changed(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "other");
    for (place, method) in [(1, "PUT"), (2, "PATCH")] {
        let created = create(&app, method).json();
        let id = created["id"].as_u64().unwrap().try_into()?;
        let steps = [
            (r#"{"name":"METHOD caf\u0065\u0301"}"#, "METHOD caf\u{e9}", "t", "1"),
            (r#"{"token":" u "}"#, "METHOD caf\u{e9}", " u ", "1"),
            (r#"{"admin_id":2}"#, "METHOD caf\u{e9}", " u ", "2"),
            (r#"{"admin_id":"9223372036854775807"}"#, "METHOD caf\u{e9}", " u ", "9223372036854775807"),
            (r#"{"name":"METHOD h","token":"v","admin_id":"3"}"#, "METHOD h", "v", "3"),
            // Fields that a client sends back, and unknown ones, are ignored.
            (r#"{"id":7,"uuid":"x","created_at":null,"more":[1],"token":"w"}"#, "METHOD h", "w", "3"),
        ];
        for (version, (body, name, token, admin_id)) in (2..).zip(steps) {
            let [body, name] = [body, name].map(|text| text.replace("METHOD", method));
            let reply = change(&app, method, id, &body);
            assert_group(&reply, 200, version, &stored_body(&app, place));
            let row = &app.groups()[place];
            assert_eq!([&row[2], &row[3], &row[4]], [&name, token, admin_id]);
            assert_eq!(app.versions()[place], version.to_string());
            for unchanged in ["id", "uuid", "created_at"] {
                assert_eq!(reply.json()[unchanged], created[unchanged]);
            }
            let found = Request::get(&format!("/v1/group/{id}")).send(app.port);
            assert_group(&found, 200, version, &reply.body);
        }
    }
    assert_eq!((&*app.names()[0], &*app.versions()[0]), ("other", "1"));
    Ok(())
}

fn the_commands_of_the_public_documentation_change_a_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for (method, admin_id) in [("PUT", "2"), ("PUT", "\"3\""), ("PATCH", "4"), ("PATCH", "\"5\"")] {
        let curl = r#"curl --location --request METHOD 'localhost:1213/v1/group/1' \
          --header 'GoChat-Token: 433578ab-84c2-4e02-4656-de55a8097c9f' \
          --header 'Content-Type: application/json' \
          --data-raw '{
              "name": "group_2",
              "token": "298fbgv479bv",
              "admin_id": ADMIN
          }'"#;
        let printed = run_command(&app, &curl.replace("METHOD", method).replace("ADMIN", admin_id));
        assert_eq!(printed, stored_body(&app, 0));
        let [_, _, name, token, stored_admin, _] = &app.groups()[0];
        assert_eq!([&**name, token, stored_admin], ["group_2", "298fbgv479bv", admin_id.trim_matches('"')]);
    }
    Ok(())
}

fn a_change_that_changes_nothing_leaves_the_version(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "caf\u{e9}");
    let before = app.groups();
    for body in [
        r#"{"name":"caf\u0065\u0301"}"#,
        r#"{"token":"t"}"#,
        r#"{"admin_id":"1"}"#,
        r#"{"name":"caf\u00e9","token":"t","admin_id":1}"#,
    ] {
        for method in METHODS {
            assert_group(&change(&app, method, 1, body), 200, 1, &stored_body(&app, 0));
        }
    }
    assert_eq!((app.groups(), app.versions()), (before, vec!["1".to_owned()]));
    assert!(app.memberships().is_empty());
    Ok(())
}

fn the_old_name_is_free_after_a_rename(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "old");
    assert_eq!(change(&app, "PATCH", 1, r#"{"name":"new"}"#).status, 200);
    assert_no_group(&Request::get("/v1/group?name=old").send(app.port));
    assert_group(&Request::get("/v1/group?name=new").send(app.port), 200, 2, &stored_body(&app, 0));
    create(&app, "old");
    assert_eq!(app.names(), ["new", "old"]);
    Request::group("new").send(app.port).assert_name_taken(Some(1));
    Ok(())
}

fn a_taken_name_is_refused_with_the_id_of_its_group_if_the_caller_may_read(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "caf\u{e9}");
    create(&app, "g");
    let before = app.groups();
    let (writer, _) = issue(&app, Scope::GroupsWrite, None);
    let both = issue_with_all_scopes(&app);
    for method in METHODS {
        for name in ["caf\u{e9}", "cafe\u{301}"] {
            let rename = Request::json(
                method,
                "/v1/group/2",
                format!(r#"{{"name":"{name}","token":"u","admin_id":2}}"#),
            );
            rename.clone().by(both.expose()).send(app.port).assert_name_taken(Some(1));
            rename.by(writer.expose()).send(app.port).assert_name_taken(None);
        }
    }
    assert_eq!((app.groups(), app.versions()), (before, vec!["1".to_owned(), "1".to_owned()]));
    assert!(app.memberships().is_empty());
    Ok(())
}

fn a_group_is_handed_over_and_the_administrators_are_members(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let own = |members: &[[&str; 2]]| members.iter().map(|pair| pair.map(str::to_owned)).collect::<Vec<_>>();
    for (version, admin_id, members) in [
        (2, 2, own(&[["1", "1"], ["1", "2"]])),
        (3, 1, own(&[["1", "1"], ["1", "2"]])),
        (4, 3, own(&[["1", "1"], ["1", "2"], ["1", "3"]])),
    ] {
        let reply = change(&app, "PATCH", 1, &format!(r#"{{"admin_id":{admin_id}}}"#));
        assert_group(&reply, 200, version, &stored_body(&app, 0));
        assert_eq!(reply.json()["admin_id"], admin_id);
        assert_eq!(app.memberships(), members);
    }
    Ok(())
}

fn a_name_that_breaks_a_newer_rule_may_be_kept_but_not_given_to_another_group(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "old");
    create(&app, "other");
    app.database.execute("UPDATE groups SET name = '\u{200b}' WHERE id = 1")?;
    let keep = change(&app, "PUT", 1, "{\"name\":\"\u{200b}\",\"token\":\"u\"}");
    assert_group(&keep, 200, 2, &stored_body(&app, 0));
    let take = change(&app, "PUT", 2, "{\"name\":\"\u{200b}\",\"token\":\"u\"}");
    take.assert_error(422, "invalid_name", Some("name"), "name must contain a visible character");
    assert_eq!(
        (app.names(), app.versions()),
        (vec!["\u{200b}".into(), "other".into()], vec!["2".into(), "1".into()])
    );
    Ok(())
}

fn an_invalid_change_is_refused_and_changes_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let before = app.groups();
    let no_object = "the body must be one JSON object: ";
    let nothing = "at least one of name, token and admin_id must be given";
    let admin_id = "admin_id must be an integer from 1 to 9223372036854775807";
    for (body, status, code, field, error) in [
        ("{}", 422, "nothing_to_change", None, nothing.to_owned()),
        (r#"{"id":1,"Name":"h"}"#, 422, "nothing_to_change", None, nothing.into()),
        (r#"{"name":null}"#, 422, "invalid_name", Some("name"), "name must be a string".into()),
        (
            r#"{"name":"h","token":null}"#,
            422,
            "invalid_token",
            Some("token"),
            "token must be a string".into(),
        ),
        (r#"{"name":"h","admin_id":null}"#, 422, "invalid_admin_id", Some("admin_id"), admin_id.into()),
        (
            r#"{"name":" h"}"#,
            422,
            "invalid_name",
            Some("name"),
            "name must not begin or end with white space".into(),
        ),
        (
            r#"{"name":"\u200b"}"#,
            422,
            "invalid_name",
            Some("name"),
            "name must contain a visible character".into(),
        ),
        (r#"{"token":""}"#, 422, "invalid_token", Some("token"), "token must not be empty".into()),
        (r#"{"admin_id":1.0}"#, 422, "invalid_admin_id", Some("admin_id"), admin_id.into()),
        (
            r#"{"name":"h","name":"i"}"#,
            400,
            "malformed_json",
            None,
            format!("{no_object}it has a key twice at line 1 column 23"),
        ),
        (
            r#"{"name":"h","x":1,"x":1}"#,
            400,
            "malformed_json",
            None,
            format!("{no_object}it has a key twice at line 1 column 24"),
        ),
        (
            r#"{"name":"#,
            400,
            "malformed_json",
            None,
            format!("{no_object}EOF while parsing a value at line 1 column 8"),
        ),
        (
            r#"["name"]"#,
            400,
            "malformed_json",
            None,
            format!("{no_object}invalid type: sequence, expected an object at line 1 column 0"),
        ),
    ] {
        for method in METHODS {
            change(&app, method, 1, body).assert_error(status, code, field, &error);
        }
    }
    for method in METHODS {
        let request = |body: &str| Request::json(method, "/v1/group/1", body);
        let untyped = request(r#"{"name":"h"}"#).without("content-type").send(app.port);
        let error = "the content type must be application/json";
        untyped.assert_error(415, "unsupported_media_type", None, error);
        let large = request(&"x".repeat(16_385)).send(app.port);
        large.assert_error(413, "body_too_large", None, "the body must have at most 16384 bytes");
    }
    assert_eq!((app.groups(), app.versions()), (before, vec!["1".to_owned()]));
    Ok(())
}

fn a_group_that_does_not_exist_is_not_changed(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for path in ["/v1/group/2", "/v1/group/0", "/v1/group/x", "/v1/group/99999999999999999999"] {
        for method in METHODS {
            assert_no_group(&Request::json(method, path, r#"{"name":"h"}"#).send(app.port));
        }
    }
    assert_eq!(app.names(), ["g"]);
    Ok(())
}

fn changing_needs_the_scope_groups_write_before_the_body_is_read(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for scope in [Scope::GroupsRead, Scope::MembersJoin, Scope::MembersWrite] {
        let (key, _) = issue(&app, scope, None);
        for method in METHODS {
            for body in [r#"{"name":"h"}"#, "nonsense"] {
                let request = Request::json(method, "/v1/group/1", body).header("If-Match", "nonsense");
                request.clone().by(key.expose()).send(app.port).assert_lacks_scope("groups:write");
                let reply = request.without("GoChat-Token").send(app.port);
                reply.assert_error(401, "unauthorized", None, "the API key is missing or not valid");
            }
        }
    }
    assert_eq!(app.names(), ["g"]);
    Ok(())
}
