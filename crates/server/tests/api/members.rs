//! Listing the members of a group, and finding its administrator.

use crate::{
    app::App,
    keys::issue,
    one_group::create,
    one_member::{hand_over, join, joined_at, leave},
    walk::walk,
};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        members_are_listed_in_the_order_of_users_with_the_administrator_in_its_place,
        a_group_is_chosen_by_the_first_parameter_that_is_given,
        following_links_lists_every_member_once,
        a_walk_meets_each_member_once_while_others_come_and_go,
        a_walk_that_began_with_a_name_goes_on_after_a_rename,
        links_to_members_have_the_base_path,
        the_administrator_is_found,
        a_group_whose_name_breaks_a_newer_rule_is_found,
        an_invalid_parameter_for_members_is_reported,
        a_group_that_does_not_exist_has_no_members,
        head_of_members_has_no_body,
        reading_members_needs_the_scope_groups_read,
    ]
}

fn get(app: &App, path: &str) -> Reply {
    Request::get(path).send(app.port)
}

/// Creates group 1, administered by user 1, and lets these users join.
fn create_with_members(app: &App, users: impl IntoIterator<Item = u32>) -> Reply {
    let created = create(app, "g");
    for user in users {
        assert_eq!(join(1, user).send(app.port).status, 201);
    }
    created
}

fn listed(app: &App, user: u32, role: &str) -> String {
    format!(r#"{{"id":{user},"role":"{role}","joined_at":"{}"}}"#, joined_at(app, 1, user))
}

#[track_caller]
fn assert_listed(reply: &Reply, members: &[String], link: &str) {
    assert_eq!((reply.status, &*reply.body), (200, &*format!("[{}]", members.join(","))));
    assert_eq!((reply.header("content-type"), reply.header("link")), ("application/json", link));
    assert_eq!(reply.header("etag"), "");
    reply.assert_common_headers();
}

fn members_are_listed_in_the_order_of_users_with_the_administrator_in_its_place(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let created_at = create_with_members(&app, []).json()["created_at"].as_str().unwrap().to_owned();
    let created = format!(r#"{{"id":1,"role":"administrator","joined_at":"{created_at}"}}"#);
    let list = || get(&app, "/v1/group_members?id=1");
    assert_listed(&list(), &[created], "");
    for user in [30, 10, 20] {
        assert_eq!(join(1, user).send(app.port).status, 201);
    }
    hand_over(&app, 1, 15);
    let member = |user| listed(&app, user, "member");
    let in_order = [member(1), member(10), listed(&app, 15, "administrator"), member(20), member(30)];
    assert_listed(&list(), &in_order, "");
    assert_eq!(leave(1, 20).send(app.port).status, 200);
    assert_listed(&list(), &[&in_order[..3], &in_order[4..]].concat(), "");
    Ok(())
}

fn a_group_is_chosen_by_the_first_parameter_that_is_given(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let created = create_with_members(&app, [10]);
    create(&app, "other");
    let uuid = created.json()["uuid"].as_str().unwrap().to_owned();
    let list = get(&app, "/v1/group_members?id=1");
    let with_administrator = &list.json()[0];
    assert_eq!((&with_administrator["id"], list.json().as_array().unwrap().len()), (&1.into(), 2));
    for query in [
        "id=1&uuid=x&name=%ff",
        &format!("uuid={uuid}&name=other"),
        &format!("id=&uuid={uuid}"),
        "name=g",
        "id=&uuid=&name=g",
        "limit=1000&name=g",
    ] {
        assert_eq!(get(&app, &format!("/v1/group_members?{query}")).body, list.body, "{query}");
        let administrator = get(&app, &format!("/v1/group_administrator?{query}"));
        assert_eq!((administrator.status, &*administrator.body), (200, r#"{"id":1}"#), "{query}");
    }
    Ok(())
}

fn following_links_lists_every_member_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, [5, 7, 9]);
    hand_over(&app, 1, 6);
    let [one, five, six, seven, nine] =
        [(1, "member"), (5, "member"), (6, "administrator"), (7, "member"), (9, "member")]
            .map(|(user, role)| listed(&app, user, role));
    let first = get(&app, "/v1/group_members?id=1&limit=2");
    assert_listed(&first, &[one, five], r#"</v1/group_members?id=1&limit=2&after=5>; rel="next""#);
    let second = get(&app, "/v1/group_members?id=1&limit=2&after=5");
    assert_listed(&second, &[six, seven], r#"</v1/group_members?id=1&limit=2&after=7>; rel="next""#);
    assert_listed(&get(&app, "/v1/group_members?id=1&limit=2&after=7"), &[nine], "");
    assert_listed(&get(&app, "/v1/group_members?id=1&limit=2&after=9"), &[], "");
    Ok(())
}

/// Returns the ids of the users in these items.
fn ids(items: &[serde_json::Value]) -> Vec<i64> {
    items.iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

fn a_walk_meets_each_member_once_while_others_come_and_go(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, (10..30).map(|user| 2 * user));
    let met = walk(app.port, "/v1/group_members?id=1&limit=3", |page| {
        let user = 2 * u32::try_from(page).unwrap() + 15;
        // An odd user joins behind the walk, another one ahead of it. A third one joins and leaves at once.
        for user in [user, user + 20] {
            assert_eq!(join(1, user).send(app.port).status, 201);
        }
        assert_eq!(join(1, 101).send(app.port).status, 201);
        assert_eq!(leave(1, 101).send(app.port).status, 200);
        // The administrator hands over and back, and stays a member all the time.
        hand_over(&app, 1, 2 * user % 40 + 20);
        hand_over(&app, 1, 1);
    });
    let met = ids(&met);
    assert!(met.is_sorted_by(|one, next| one < next), "{met:?}");
    let present_all_the_time = [1].into_iter().chain((10..30).map(|user| 2 * user));
    let even: Vec<_> = met.iter().copied().filter(|user| user % 2 == 0 || *user == 1).collect();
    assert_eq!(even, present_all_the_time.collect::<Vec<_>>());
    Ok(())
}

fn a_walk_that_began_with_a_name_goes_on_after_a_rename(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, [10, 11, 12]);
    let met = walk(app.port, "/v1/group_members?name=g&limit=1", |page| {
        let body = format!(r#"{{"name":"g{page}"}}"#);
        assert_eq!(Request::json("PATCH", "/v1/group/1", body).send(app.port).status, 200);
    });
    assert_eq!(ids(&met), [1, 10, 11, 12]);
    Ok(())
}

fn links_to_members_have_the_base_path(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__BASE_PATH", "/api")]);
    create_with_members(&app, [10]);
    let list = get(&app, "/v1/group_members?name=g&limit=1");
    assert_eq!(list.header("link"), r#"</api/v1/group_members?id=1&limit=1&after=1>; rel="next""#);
    Ok(())
}

fn the_administrator_is_found(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, [10]);
    for (user, body) in [(1, r#"{"id":1}"#), (10, r#"{"id":10}"#), (11, r#"{"id":11}"#)] {
        hand_over(&app, 1, user);
        let found = get(&app, "/v1/group_administrator?id=1");
        assert_eq!((found.status, &*found.body), (200, body));
        assert_eq!(found.header("content-type"), "application/json");
        found.assert_common_headers();
    }
    Ok(())
}

fn a_group_whose_name_breaks_a_newer_rule_is_found(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, [10]);
    app.database.execute("UPDATE groups SET name = '\u{200b}'")?;
    let list = get(&app, "/v1/group_members?name=%E2%80%8B");
    assert_eq!((list.status, ids(list.json().as_array().unwrap())), (200, vec![1, 10]));
    let administrator = get(&app, "/v1/group_administrator?name=%E2%80%8B");
    assert_eq!((administrator.status, &*administrator.body), (200, r#"{"id":1}"#));
    Ok(())
}

fn an_invalid_parameter_for_members_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, []);
    let id = ("id", "id must be an integer from 1 to 9223372036854775807");
    let uuid = ("uuid", "uuid must be a UUID, with its hyphens");
    let none = ("id", "one of id, uuid and name must be given");
    let of_both = [
        ("", none),
        ("id=&uuid=&name=", none),
        ("group_id=1", none),
        ("id=0", id),
        ("id=x&name=g", id),
        ("uuid=0&name=g", uuid),
        ("name=%ff", ("name", "name must be UTF-8")),
        ("name=%20", ("name", "name must not begin or end with white space")),
    ];
    let limit = ("limit", "limit must be an integer from 1 to 1000");
    let after = ("after", "after must be an integer from 1 to 9223372036854775807");
    let of_the_list = [
        ("limit=5", none),
        ("id=1&limit=0", limit),
        ("id=1&limit=1001", limit),
        ("id=7&limit=x", limit),
        ("id=1&after=0", after),
        ("name=g&after=x", after),
    ];
    let list = of_both.iter().chain(&of_the_list).map(|case| ("/v1/group_members", case));
    for (path, (query, (field, error))) in
        list.chain(of_both.iter().map(|case| ("/v1/group_administrator", case)))
    {
        let code = format!("invalid_{field}");
        get(&app, &format!("{path}?{query}")).assert_error(422, &code, Some(field), error);
    }
    Ok(())
}

fn a_group_that_does_not_exist_has_no_members(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, [10]);
    assert_eq!(Request::new("DELETE", "/v1/group/1").by(DEVELOPMENT_KEY).send(app.port).status, 200);
    for path in ["/v1/group_members", "/v1/group_administrator"] {
        for query in ["id=1", "id=9", "uuid=0199aaaa-0000-7000-8000-000000000001", "name=g"] {
            let reply = get(&app, &format!("{path}?{query}"));
            reply.assert_error(404, "group_not_found", None, "there is no such group");
        }
    }
    Ok(())
}

fn head_of_members_has_no_body(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, [10]);
    for path in ["/v1/group_members?id=1", "/v1/group_members?id=1&limit=1", "/v1/group_administrator?id=1"] {
        let reply = get(&app, path);
        let head = Request::new("HEAD", path).by(DEVELOPMENT_KEY).send(app.port);
        assert_eq!((head.status, &*head.body), (200, ""), "{path}");
        for name in ["content-length", "content-type", "link"] {
            assert_eq!(head.header(name), reply.header(name), "{path}");
        }
        head.assert_common_headers();
    }
    Ok(())
}

fn reading_members_needs_the_scope_groups_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_with_members(&app, []);
    for path in ["/v1/group_members?id=x", "/v1/group_administrator?id=x"] {
        for scope in [Scope::GroupsWrite, Scope::MembersJoin, Scope::MembersWrite] {
            let (key, _) = issue(&app, scope, None);
            Request::new("GET", path).by(key.expose()).send(app.port).assert_lacks_scope("groups:read");
        }
        let (reader, _) = issue(&app, Scope::GroupsRead, None);
        assert_eq!(Request::new("GET", path).by(reader.expose()).send(app.port).status, 422);
        assert_eq!(Request::new("GET", path).send(app.port).status, 401);
    }
    Ok(())
}
