//! Listing the groups of a user: those that the user is in, and those that the user administers.

use crate::{
    app::App,
    keys::issue,
    one_group::{create, stored_body},
    one_member::{hand_over, join, leave},
    walk::walk,
};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{DEVELOPMENT_KEY, Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        joined_groups_are_those_of_memberships_and_those_administered,
        created_groups_are_those_that_the_user_administers_now,
        a_user_without_groups_has_an_empty_list,
        following_links_lists_every_group_of_a_user_once,
        a_walk_meets_each_group_once_while_others_come_and_go,
        links_to_groups_of_a_user_have_the_base_path,
        a_user_is_found_by_the_id_alone,
        head_of_the_groups_of_a_user_has_no_body,
        reading_the_groups_of_a_user_needs_the_scope_groups_read,
    ]
}

const PATHS: [&str; 2] = ["/v1/user_joined_groups", "/v1/user_created_groups"];

fn get(app: &App, path: &str) -> Reply {
    Request::get(path).send(app.port)
}

/// Creates groups with the ids from 1 to `count`, all administered by user 1.
fn create_groups(app: &App, count: usize) {
    for id in 1..=count {
        assert_eq!(create(app, &format!("g{id}")).json()["id"], id);
    }
}

#[track_caller]
fn assert_listed(app: &App, reply: &Reply, places: &[usize], link: &str) {
    let groups: Vec<_> = places.iter().map(|place| stored_body(app, *place)).collect();
    assert_eq!((reply.status, &*reply.body), (200, &*format!("[{}]", groups.join(","))));
    assert_eq!((reply.header("content-type"), reply.header("link")), ("application/json", link));
    assert_eq!(reply.header("etag"), "");
    reply.assert_common_headers();
}

fn joined_groups_are_those_of_memberships_and_those_administered(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create_groups(&app, 5);
    let joined = |user: u32| get(&app, &format!("/v1/user_joined_groups?id={user}"));
    assert_listed(&app, &joined(1), &[0, 1, 2, 3, 4], "");
    for group in [5, 1] {
        assert_eq!(join(group, 2).send(app.port).status, 201);
    }
    hand_over(&app, 3, 2);
    assert_listed(&app, &joined(2), &[0, 2, 4], "");
    // The previous administrator stays a member.
    assert_listed(&app, &joined(1), &[0, 1, 2, 3, 4], "");
    assert_eq!(leave(3, 1).send(app.port).status, 200);
    assert_eq!(leave(5, 2).send(app.port).status, 200);
    assert_listed(&app, &joined(1), &[0, 1, 3, 4], "");
    assert_listed(&app, &joined(2), &[0, 2], "");
    let deleted = Request::new("DELETE", "/v1/group/1").by(DEVELOPMENT_KEY).send(app.port);
    assert_eq!(deleted.status, 200);
    assert_listed(&app, &joined(2), &[1], "");
    Ok(())
}

fn created_groups_are_those_that_the_user_administers_now(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_groups(&app, 3);
    let created = |user: u32| get(&app, &format!("/v1/user_created_groups?id={user}"));
    assert_eq!(join(1, 2).send(app.port).status, 201);
    assert_listed(&app, &created(1), &[0, 1, 2], "");
    assert_listed(&app, &created(2), &[], "");
    hand_over(&app, 2, 2);
    assert_listed(&app, &created(1), &[0, 2], "");
    assert_listed(&app, &created(2), &[1], "");
    Ok(())
}

fn a_user_without_groups_has_an_empty_list(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_groups(&app, 1);
    for path in PATHS {
        for query in ["id=7", "id=9223372036854775807&limit=1", "id=1&after=1"] {
            assert_listed(&app, &get(&app, &format!("{path}?{query}")), &[], "");
        }
    }
    Ok(())
}

fn following_links_lists_every_group_of_a_user_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_groups(&app, 6);
    hand_over(&app, 2, 2);
    assert_eq!(leave(2, 1).send(app.port).status, 200);
    for path in PATHS {
        let link = |after| format!(r#"<{path}?id=1&limit=2&after={after}>; rel="next""#);
        let page = |query: &str| get(&app, &format!("{path}?{query}"));
        assert_listed(&app, &page("id=1&limit=2"), &[0, 2], &link(3));
        assert_listed(&app, &page("id=1&limit=2&after=3"), &[3, 4], &link(5));
        assert_listed(&app, &page("id=1&limit=2&after=5"), &[5], "");
        assert_listed(&app, &page("id=1"), &[0, 2, 3, 4, 5], "");
    }
    Ok(())
}

fn a_walk_meets_each_group_once_while_others_come_and_go(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_groups(&app, 20);
    // Group 20 comes and goes, and the others stay.
    let (stay, moves) = ((1..20).collect::<Vec<i64>>(), 20);
    for path in PATHS {
        let first = app.groups().len() + 1;
        let mut created = first;
        let met = walk(app.port, &format!("{path}?id=1&limit=3"), |page| {
            if page < 7 {
                create(&app, &format!("g{created}"));
                created += 1;
            }
            hand_over(&app, moves, if page % 2 == 0 { 1 } else { 2 });
        });
        let met: Vec<_> = met.iter().map(|group| group["id"].as_i64().unwrap()).collect();
        assert!(met.is_sorted_by(|one, next| one < next), "{met:?}");
        assert_eq!(&met[..19], stay);
        hand_over(&app, moves, 1);
    }
    Ok(())
}

fn links_to_groups_of_a_user_have_the_base_path(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__BASE_PATH", "/api")]);
    create_groups(&app, 2);
    for path in PATHS {
        let list = get(&app, &format!("{path}?id=1&limit=1"));
        assert_eq!(list.header("link"), format!(r#"</api{path}?id=1&limit=1&after=1>; rel="next""#));
    }
    Ok(())
}

fn a_user_is_found_by_the_id_alone(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_groups(&app, 1);
    let elsewhere = "id must be given; only the identity service finds users by uuid or name";
    let out_of_range = "id must be an integer from 1 to 9223372036854775807";
    let limit = "limit must be an integer from 1 to 1000";
    let after = "after must be an integer from 1 to 9223372036854775807";
    for path in PATHS {
        for (query, field, error) in [
            ("", "id", "id must be given"),
            ("id=&uuid=&name=", "id", "id must be given"),
            ("limit=5", "id", "id must be given"),
            ("uuid=0199aaaa-0000-7000-8000-000000000001", "id", elsewhere),
            ("name=anna", "id", elsewhere),
            ("id=&name=%ff", "id", elsewhere),
            ("id=0", "id", out_of_range),
            ("id=x&name=anna", "id", out_of_range),
            ("id=9223372036854775808", "id", out_of_range),
            ("id=1&limit=0", "limit", limit),
            ("id=1&limit=1001", "limit", limit),
            ("id=1&after=0", "after", after),
            ("id=1&after=x", "after", after),
        ] {
            let code = format!("invalid_{field}");
            get(&app, &format!("{path}?{query}")).assert_error(422, &code, Some(field), error);
        }
        let found = get(&app, &format!("{path}?uuid=x&name=anna&id=1"));
        assert_listed(&app, &found, &[0], "");
    }
    Ok(())
}

fn head_of_the_groups_of_a_user_has_no_body(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create_groups(&app, 2);
    for path in PATHS.map(|path| format!("{path}?id=1&limit=1")) {
        let reply = get(&app, &path);
        let head = Request::new("HEAD", &path).by(DEVELOPMENT_KEY).send(app.port);
        assert_eq!((head.status, &*head.body), (200, ""), "{path}");
        for name in ["content-length", "content-type", "link"] {
            assert_eq!(head.header(name), reply.header(name), "{path}");
        }
        head.assert_common_headers();
    }
    Ok(())
}

fn reading_the_groups_of_a_user_needs_the_scope_groups_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for path in PATHS {
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
