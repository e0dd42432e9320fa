//! Finding and listing groups.

use crate::{app::App, keys::issue};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_group_is_found_by_location_id_uuid_and_name_as_it_was_created,
        a_name_stored_before_the_current_rules_is_still_found,
        a_lookup_without_a_parameter_is_422,
        a_group_that_does_not_exist_is_404,
        the_first_parameter_that_is_not_empty_decides,
        following_links_lists_every_group_once,
        an_invalid_parameter_is_reported,
        head_answers_as_get_does_but_without_a_body,
        reading_needs_the_scope_groups_read,
    ]
}

fn create(app: &App, name: &str) -> Reply {
    let reply = Request::group(name).send(app.port);
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply
}

fn get(app: &App, path: &str) -> Reply {
    Request::get(path).send(app.port)
}

fn assert_found(reply: &Reply, body: &str) {
    assert_eq!((reply.status, &*reply.body), (200, body));
    assert_eq!(reply.header("content-type"), "application/json");
    reply.assert_common_headers();
}

fn a_group_is_found_by_location_id_uuid_and_name_as_it_was_created(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "other");
    let created = create(&app, "caf\u{e9} & co");
    let uuid = created.json()["uuid"].as_str().unwrap().to_owned();
    assert_found(&get(&app, created.header("location")), &created.body);
    for query in [
        "id=2",
        &format!("uuid={uuid}&name=other"),
        "name=caf%C3%A9+%26%20co",
        "id=&name=cafe%CC%81+%26%20co",
        "id=2&uuid=x&name=%ff",
    ] {
        for path in ["/v1/group", "/v1/group_lookup"] {
            assert_found(&get(&app, &format!("{path}?{query}")), &created.body);
        }
    }
    // A lookup finds a single group, so `limit` has no meaning.
    assert_found(&get(&app, "/v1/group_lookup?limit=1&after=1&id=2"), &created.body);
    Ok(())
}

fn a_name_stored_before_the_current_rules_is_still_found(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut bodies = Vec::new();
    for (id, name, in_a_query) in [
        (1, "\u{feff}a", "%EF%BB%BFa"),
        (2, "\u{200b}", "%E2%80%8B"),
        (3, "a\u{202e}b", "a%E2%80%AEb"),
        (4, "a\u{fffe}", "a%EF%BF%BE"),
    ] {
        let created = create(&app, &format!("g{id}"));
        app.database.execute(&format!("UPDATE groups SET name = '{name}' WHERE id = {id}"))?;
        let body = created.body.replace(&format!("g{id}"), name);
        let uuid = created.json()["uuid"].as_str().unwrap().to_owned();
        for path in [
            format!("/v1/group/{id}"),
            format!("/v1/group?id={id}"),
            format!("/v1/group?uuid={uuid}"),
            format!("/v1/group?name={in_a_query}"),
        ] {
            assert_found(&get(&app, &path), &body);
        }
        let again = Request::group(name).send(app.port);
        assert_eq!((again.status, &again.json()["code"]), (422, &"invalid_name".into()), "{}", again.body);
        bodies.push(body);
    }
    assert_found(&get(&app, "/v1/group"), &format!("[{}]", bodies.join(",")));
    Ok(())
}

fn a_lookup_without_a_parameter_is_422(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for query in ["", "?", "?limit=1", "?id=&uuid=&name=", "?group=1"] {
        let reply = get(&app, &format!("/v1/group_lookup{query}"));
        reply.assert_error(422, "invalid_id", Some("id"), "one of id, uuid and name must be given");
    }
    let name = get(&app, "/v1/group_lookup?name=%20");
    name.assert_error(422, "invalid_name", Some("name"), "name must not begin or end with white space");
    Ok(())
}

fn a_group_that_does_not_exist_is_404(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for path in [
        "/v1/group/1",
        "/v1/group/0",
        "/v1/group/x",
        "/v1/group/99999999999999999999",
        "/v1/group?id=1",
        "/v1/group?uuid=0199aaaa-0000-7000-8000-000000000001",
        "/v1/group?name=g",
        "/v1/group_lookup?id=9",
        "/v1/group_lookup?uuid=0199aaaa-0000-7000-8000-000000000001",
        "/v1/group_lookup?name=g",
    ] {
        get(&app, path).assert_error(404, "group_not_found", None, "there is no such group");
    }
    get(&app, "/v1/group/1/x").assert_nothing_there();
    Ok(())
}

fn the_first_parameter_that_is_not_empty_decides(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (one, two) = (create(&app, "one"), create(&app, "two"));
    assert_found(&get(&app, "/v1/group?name=two&id=1"), &one.body);
    assert_found(&get(&app, "/v1/group?id=&uuid=&name=two"), &two.body);
    assert_found(&get(&app, "/v1/group?id=2&limit=1&after=1"), &format!("[{}]", two.body));
    assert_found(&get(&app, "/v1/group?limit=&id="), &format!("[{},{}]", one.body, two.body));
    Ok(())
}

fn following_links_lists_every_group_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let empty = get(&app, "/v1/group");
    assert_found(&empty, "[]");
    assert!(empty.header("link").is_empty());
    let created: Vec<_> = (1..=5).map(|number| create(&app, &format!("g{number}")).body).collect();
    let first = get(&app, "/v1/group?limit=2");
    assert_found(&first, &format!("[{}]", created[..2].join(",")));
    assert_eq!(first.header("link"), "</v1/group?limit=2&after=2>; rel=\"next\"");
    let second = get(&app, "/v1/group?limit=2&after=2");
    assert_found(&second, &format!("[{}]", created[2..4].join(",")));
    assert_eq!(second.header("link"), "</v1/group?limit=2&after=4>; rel=\"next\"");
    let last = get(&app, "/v1/group?limit=2&after=4");
    assert_found(&last, &format!("[{}]", created[4]));
    assert!(last.header("link").is_empty());
    let all = get(&app, "/v1/group");
    assert_found(&all, &format!("[{}]", created.join(",")));
    assert!(all.header("link").is_empty());
    Ok(())
}

fn an_invalid_parameter_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let limit = "limit must be an integer from 1 to 1000";
    let id = "id must be an integer from 1 to 9223372036854775807";
    let after = "after must be an integer from 1 to 9223372036854775807";
    for (query, field, error) in [
        ("limit=0", "limit", limit),
        ("limit=1001", "limit", limit),
        ("limit=ten&id=1", "limit", limit),
        ("id=0", "id", id),
        ("id=-1&name=g", "id", id),
        ("uuid=x", "uuid", "uuid must be a UUID, with its hyphens"),
        ("uuid=0199aaaa000070008000000000000001", "uuid", "uuid must be a UUID, with its hyphens"),
        ("name=%ff", "name", "name must be UTF-8"),
        ("limit=%ff", "limit", "limit must be an integer from 1 to 1000"),
        ("name=%20", "name", "name must not begin or end with white space"),
        ("after=0", "after", after),
        ("limit=5&after=x", "after", after),
    ] {
        let code = format!("invalid_{field}");
        get(&app, &format!("/v1/group?{query}")).assert_error(422, &code, Some(field), error);
    }
    Ok(())
}

fn head_answers_as_get_does_but_without_a_body(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let body = create(&app, "g").body;
    create(&app, "h");
    for (path, length) in [
        ("/v1/group/1", body.len()),
        ("/v1/group?id=1", body.len()),
        ("/v1/group_lookup?id=1", body.len()),
        ("/v1/group?limit=1", body.len() + 2),
    ] {
        let reply = Request::new("HEAD", path).by(DEVELOPMENT_KEY).send(app.port);
        assert_eq!((reply.status, reply.header("content-length")), (200, &*length.to_string()), "{path}");
        assert_eq!(reply.body, "");
        reply.assert_common_headers();
        assert_eq!(!reply.header("link").is_empty(), path.contains("limit"));
    }
    let reply = Request::new("HEAD", "/v1/group/9").by(DEVELOPMENT_KEY).send(app.port);
    assert_eq!((reply.status, &*reply.body), (404, ""));
    Ok(())
}

fn reading_needs_the_scope_groups_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for path in ["/v1/group", "/v1/group/1", "/v1/group?id=x", "/v1/group_lookup?id=x"] {
        let with = |scope| {
            let (key, _) = issue(&app, scope, None);
            Request::new("GET", path).header("GoChat-Token", key.expose()).send(app.port)
        };
        with(Scope::GroupsWrite).assert_lacks_scope("groups:read");
        assert_ne!(with(Scope::GroupsRead).status, 403);
        assert_eq!(Request::new("GET", path).send(app.port).status, 401);
    }
    Ok(())
}
