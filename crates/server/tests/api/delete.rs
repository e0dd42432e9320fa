//! Deleting groups.

use crate::{
    app::App,
    keys::issue,
    one_group::{assert_group, assert_no_group, create, run_command, stored_body},
};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_delete_returns_the_group_as_it_was_and_removes_it,
        the_command_of_the_public_documentation_deletes_a_group,
        the_name_is_free_at_once_and_the_id_is_never_reused,
        the_memberships_are_deleted_with_the_group,
        a_body_is_ignored,
        a_group_that_does_not_exist_is_404,
        deleting_needs_the_scope_groups_write,
    ]
}

fn delete(app: &App, path: &str) -> Reply {
    Request::new("DELETE", path).by(DEVELOPMENT_KEY).send(app.port)
}

fn a_delete_returns_the_group_as_it_was_and_removes_it(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "other");
    let created = create(&app, "g");
    assert_group(&delete(&app, "/v1/group/2"), 200, 1, &created.body);
    assert_eq!(app.names(), ["other"]);
    let uuid = created.json()["uuid"].as_str().unwrap().to_owned();
    for path in [
        "/v1/group/2",
        "/v1/group?id=2",
        "/v1/group?name=g",
        &format!("/v1/group?uuid={uuid}"),
        "/v1/group_lookup?id=2",
    ] {
        assert_no_group(&Request::get(path).send(app.port));
    }
    assert_no_group(&delete(&app, "/v1/group/2"));
    assert_no_group(&Request::json("PUT", "/v1/group/2", r#"{"name":"h"}"#).send(app.port));
    let changed = Request::json("PATCH", "/v1/group/1", r#"{"name":"changed"}"#).send(app.port);
    assert_group(&delete(&app, "/v1/group/1"), 200, 2, &changed.body);
    assert!(app.groups().is_empty());
    Ok(())
}

fn the_command_of_the_public_documentation_deletes_a_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let created = create(&app, "g");
    let curl = r"curl --location --request DELETE 'localhost:1213/v1/group/1' \
      --header 'GoChat-Token: 433578ab-84c2-4e02-4656-de55a8097c9f'";
    assert_eq!(run_command(&app, curl), created.body);
    assert!(app.groups().is_empty());
    Ok(())
}

fn the_name_is_free_at_once_and_the_id_is_never_reused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for id in 1..=3 {
        let created = create(&app, "g");
        assert_eq!(created.json()["id"], id);
        assert_group(&delete(&app, &format!("/v1/group/{id}")), 200, 1, &created.body);
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn the_memberships_are_deleted_with_the_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for name in ["g", "h"] {
        let id = create(&app, name).json()["id"].to_string();
        let hand_over = Request::json("PATCH", &format!("/v1/group/{id}"), r#"{"admin_id":2}"#);
        assert_eq!(hand_over.send(app.port).status, 200);
    }
    let body = stored_body(&app, 0);
    assert_eq!(app.memberships().len(), 4);
    assert_group(&delete(&app, "/v1/group/1"), 200, 2, &body);
    assert_eq!(app.memberships(), [["2", "1"], ["2", "2"]]);
    Ok(())
}

fn a_body_is_ignored(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    for (path, body) in [("/v1/group/1", "{}"), ("/v1/group/2", "nonsense")] {
        let created = create(&app, "g");
        // The next request on this connection is still understood, unless the reply says that the connection closes.
        connection.write(&Request::json("DELETE", path, body).bytes());
        assert_group(&connection.read_and_reopen(app.port), 200, 1, &created.body);
    }
    // Often answered before the body is read.
    for _ in 0..20 {
        connection.write(&Request::json("DELETE", "/v1/group/1", "nonsense").bytes());
        assert_eq!(connection.read_and_reopen(app.port).status, 404);
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_group_that_does_not_exist_is_404(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for path in ["/v1/group/2", "/v1/group/0", "/v1/group/x", "/v1/group/99999999999999999999"] {
        assert_no_group(&delete(&app, path));
    }
    assert_eq!(app.names(), ["g"]);
    Ok(())
}

fn deleting_needs_the_scope_groups_write(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let request = Request::new("DELETE", "/v1/group/1").header("If-Match", "nonsense");
    for scope in [Scope::GroupsRead, Scope::MembersJoin, Scope::MembersWrite] {
        let (key, _) = issue(&app, scope, None);
        request.clone().by(key.expose()).send(app.port).assert_lacks_scope("groups:write");
    }
    let reply = request.send(app.port);
    reply.assert_error(401, "unauthorized", None, "the API key is missing or not valid");
    assert_eq!(app.names(), ["g"]);
    let (writer, _) = issue(&app, Scope::GroupsWrite, None);
    let deleted = request.without("If-Match").by(writer.expose()).send(app.port);
    assert_eq!((deleted.status, app.names().len()), (200, 0));
    Ok(())
}
