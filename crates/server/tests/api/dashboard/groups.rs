//! The tab *Groups*.

use super::browser::{Browser, below_session, field, text};
use crate::{app::App, one_member::join};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_group_is_found_by_id_uuid_name_and_beginning,
        groups_are_listed_by_pages,
        a_page_shows_the_fields_and_hides_the_token_until_asked,
        members_are_listed_by_pages,
        a_group_is_renamed,
        a_rename_that_breaks_a_rule_changes_nothing,
        a_group_is_handed_over,
        a_group_is_deleted_once_its_name_is_typed,
        a_form_of_an_older_version_changes_nothing,
        an_unknown_group_is_404,
        names_are_escaped,
    ]
}

fn create(app: &App, name: &str) {
    assert_eq!(Request::group(name).send(app.port).status, 201);
}

/// Returns the paths of the groups that a page lists.
fn listed(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let links = reply.body.split("<td class=\"name\"><a href=\"").skip(1);
    links.map(|link| below_session(link.split_once('"').unwrap().0)).collect()
}

fn find(browser: &Browser, text: &str) -> Reply {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("find", text).finish();
    browser.get(&format!("/groups?{query}"))
}

fn a_group_is_found_by_id_uuid_name_and_beginning(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for name in ["team", "team a", "tea", "1", "Caf\u{e9} & <b>", "100%"] {
        create(&app, name);
    }
    let browser = Browser::open(&app);
    let uuid = app.groups()[1][1].clone();
    for (wanted, paths) in [
        ("2", &["/groups/2"][..]),
        // The id of one group, the name of another, and the beginning of the name of a third.
        ("1", &["/groups/1", "/groups/4", "/groups/6"]),
        (&*uuid, &["/groups/2"]),
        (" team ", &["/groups/1", "/groups/2"]),
        ("tea", &["/groups/3", "/groups/1", "/groups/2"]),
        ("team b", &[]),
        ("eam", &[]),
        ("T", &[]),
        // Normalised as names are.
        ("Cafe\u{301}", &["/groups/5"]),
        ("%", &[]),
        ("100%", &["/groups/6"]),
        ("_", &[]),
        ("\u{0}", &[]),
        ("7", &[]),
        ("x".repeat(300).leak(), &[]),
    ] {
        assert_eq!(listed(&find(&browser, wanted)), paths, "{wanted:?}");
    }
    let nothing = find(&browser, "team b");
    assert_eq!(
        text(&nothing),
        "Groups Id, UUID, name, or the beginning of a name Find All groups No group matches."
    );
    Ok(())
}

fn groups_are_listed_by_pages(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    assert_eq!(
        text(&browser.get("/groups")),
        "Groups Id, UUID, name, or the beginning of a name Find There are no groups yet."
    );
    let line = |number| format!("{{\"name\":\"g {number:03}\",\"token\":\"t\",\"admin_id\":1}}\n");
    let lines = (1..=101).map(line).collect::<Vec<_>>().concat();
    assert_eq!(Request::lines("/v1/group", lines).send(app.port).status, 200);
    for (path, next) in [
        ("/groups", "/groups?find=&amp;after=100"),
        ("/groups?find=g+", "/groups?find=g%20&amp;after=g%20100"),
    ] {
        let first = browser.get(path);
        assert_eq!(listed(&first).len(), 100);
        assert_eq!([listed(&first)[0], listed(&first)[99]], ["/groups/1", "/groups/100"]);
        let href = first.body.split_once("Next page").unwrap().0.rsplit_once("href=\"").unwrap().1;
        assert_eq!(below_session(href), format!("{next}\">"));
        let second = browser.get(&next.replace("&amp;", "&"));
        assert_eq!(listed(&second), ["/groups/101"]);
        assert!(!second.body.contains("Next page"));
    }
    Ok(())
}

fn a_page_shows_the_fields_and_hides_the_token_until_asked(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let body = r#"{"name":"team","token":"hush-hush","admin_id":7}"#;
    let created = Request::create(body).send(app.port).json();
    let browser = Browser::open(&app);
    let page = browser.get("/groups/1");
    assert_eq!(page.status, 200);
    let moment = created["created_at"].as_str().unwrap();
    let seconds = moment[..19].replace('T', " ");
    let uuid = created["uuid"].as_str().unwrap();
    let forms = "Rename New name Rename Hand over New administrator (id of a user) Hand over Delete The group and its \
                 memberships end for good. Type the name of the group Delete the group";
    let expected = |token: &str| {
        format!(
            "Groups team Fields Id 1 UUID {uuid} Name team Administrator 7 Token {token} Created (UTC) {seconds} Version 1 \
             Members User Role Joined (UTC) 7 administrator {seconds} {forms}"
        )
    };
    assert_eq!(text(&page), expected("Show the token"));
    assert!(page.body.contains(moment) && !page.body.contains("hush-hush"));
    let shown = browser.get("/groups/1?show=token");
    assert_eq!(text(&shown), expected("hush-hush Hide the token"));
    assert_eq!(shown.header("cache-control"), "no-store");
    Ok(())
}

fn members_are_listed_by_pages(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let line = |user| format!("{{\"group_id\":1,\"user_id\":{user},\"token\":\"t\"}}\n");
    let lines = (10..=109).map(line).collect::<Vec<_>>().concat();
    assert_eq!(Request::lines("/v1/member", lines).send(app.port).status, 200);
    let browser = Browser::open(&app);
    let users = |reply: &Reply| -> Vec<String> {
        let cells = reply.body.split("<td class=\"id\">").skip(1);
        cells.map(|cell| cell.split_once('<').unwrap().0.to_owned()).collect()
    };
    let first = users(&browser.get("/groups/1"));
    assert_eq!((first.len(), &*first[0], &*first[99]), (100, "1", "108"));
    assert!(browser.get("/groups/1").body.contains("/groups/1?after=108\""));
    let last = browser.get("/groups/1?after=108");
    assert_eq!(users(&last), ["109"]);
    assert!(!last.body.contains("Next page") && last.body.contains("First page"));
    Ok(())
}

/// Passes if the reply leads to this page, which shows this notice.
#[track_caller]
fn assert_done(browser: &Browser, reply: &Reply, path: &str, notice: &str) {
    assert_eq!((reply.status, reply.header("location"), &*reply.body), (303, &*browser.path(path), ""));
    let page = browser.get(path);
    assert!(
        page.body.contains(&format!("<p class=\"notice\" role=\"status\">{notice}</p>")),
        "{}",
        page.body
    );
}

/// Passes if the reply is the page of the group again, with this problem.
#[track_caller]
fn assert_refused(reply: &Reply, status: u16, problem: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    let shown = format!("role=\"alert\">Nothing was changed: {problem}.</p>");
    assert_eq!(reply.body.matches(&shown).count(), 1, "{problem}: {}", reply.body);
    assert_eq!(reply.body.matches("aria-invalid").count(), 1);
}

fn a_group_is_renamed(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let browser = Browser::open(&app);
    let renamed = browser.post("/groups/1/rename", &[("name", "Cafe\u{301}"), ("version", "1")]);
    assert_done(&browser, &renamed, "/groups/1?done=renamed", "The group was renamed.");
    assert_eq!((app.names(), app.versions()), (vec!["Caf\u{e9}".to_owned()], vec!["2".to_owned()]));
    assert_eq!(field(&browser.get("/groups/1"), "version"), "2");
    // The old name is free.
    create(&app, "g");
    Ok(())
}

fn a_rename_that_breaks_a_rule_changes_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    create(&app, "taken");
    let browser = Browser::open(&app);
    let long = "x".repeat(64);
    for (name, status, problem) in [
        ("", 422, "name must not be empty"),
        (&*long, 422, "name must have at most 63 characters"),
        (" g", 422, "name must not begin or end with white space"),
        ("a\nb", 422, "name must not contain control characters"),
        ("\u{200b}", 422, "name must contain a visible character"),
        ("taken", 409, "a group of that name exists"),
    ] {
        let refused = browser.post("/groups/1/rename", &[("name", name), ("version", "1")]);
        assert_refused(&refused, status, problem);
    }
    // What was typed is still there.
    let refused = browser.post("/groups/1/rename", &[("name", "taken"), ("version", "1")]);
    assert_eq!(field(&refused, "name"), "taken");
    let incomplete = browser.post("/groups/1/rename", &[("name", "h")]);
    assert_eq!((incomplete.status, &*text(&incomplete)), (422, "Refused The form cannot be read."));
    assert_eq!(app.names(), ["g", "taken"]);
    assert_eq!(app.versions(), ["1", "1"]);
    Ok(())
}

fn a_group_is_handed_over(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(
        database,
        &[("GOCHAT__LIMITS__GROUPS_PER_ADMINISTRATOR", "1"), ("GOCHAT__LIMITS__MEMBERS_PER_GROUP", "2")],
    );
    create(&app, "g");
    let other = Request::create(r#"{"name":"h","token":"t","admin_id":2}"#);
    assert_eq!(other.send(app.port).status, 201);
    let browser = Browser::open(&app);
    let hand_over = |user: &str, version: &str| {
        browser.post("/groups/1/hand-over", &[("admin_id", user), ("version", version)])
    };
    for user in ["", "0", "-1", "x", "9223372036854775808"] {
        assert_refused(
            &hand_over(user, "1"),
            422,
            "a user&#39;s id must be an integer from 1 to 9223372036854775807",
        );
    }
    let refused = hand_over("2", "1");
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(app.versions(), ["1", "1"]);
    let handed_over = hand_over(" 10 ", "1");
    assert_done(&browser, &handed_over, "/groups/1?done=handed-over", "The group was handed over.");
    assert_eq!(app.groups()[0][4], "10");
    assert_eq!(app.versions(), ["2", "1"]);
    // The previous administrator stays a member, so the group is full.
    assert_eq!(app.memberships(), [["1", "1"], ["1", "10"]]);
    let full = hand_over("11", "2");
    assert_eq!(full.status, 409, "{}", full.body);
    assert_eq!(app.versions(), ["2", "1"]);
    Ok(())
}

fn a_group_is_deleted_once_its_name_is_typed(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "team");
    create(&app, "other");
    assert_eq!(join(1, 10).send(app.port).status, 201);
    let browser = Browser::open(&app);
    let delete = |name: &str| browser.post("/groups/1/delete", &[("name", name), ("version", "1")]);
    for name in ["", "Team", "tea", "other", "1"] {
        assert_refused(&delete(name), 422, "the typed name is not the name of the group");
    }
    assert_eq!(app.names(), ["team", "other"]);
    let deleted = delete("team ");
    assert_done(&browser, &deleted, "/groups?deleted=1", "The group 1 was deleted.");
    assert_eq!(app.names(), ["other"]);
    assert!(app.memberships().is_empty());
    assert_eq!(delete("team").status, 404);
    Ok(())
}

fn a_form_of_an_older_version_changes_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let browser = Browser::open(&app);
    let page = browser.get("/groups/1");
    let version = field(&page, "version");
    let change = Request::json("PATCH", "/v1/group/1", r#"{"token":"u"}"#);
    assert_eq!(change.send(app.port).status, 200);
    let problem =
        "the group has changed since this page was loaded. It is shown as it is now; check it, then repeat";
    for version in [&*version, "3", "0", "x", ""] {
        for (path, name) in [("rename", "name"), ("hand-over", "admin_id"), ("delete", "name")] {
            let value = if path == "hand-over" { "2" } else { "g" };
            let path = format!("/groups/1/{path}");
            let refused = browser.post(&path, &[(name, value), ("version", version)]);
            assert_refused(&refused, 412, problem);
            assert_eq!(field(&refused, "version"), "2");
        }
    }
    assert_eq!((app.names(), app.versions()), (vec!["g".to_owned()], vec!["2".to_owned()]));
    Ok(())
}

fn an_unknown_group_is_404(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    for id in ["7", "0", "-1", "x", "9223372036854775808", "1%2F2"] {
        let page = browser.get(&format!("/groups/{id}"));
        assert_eq!((page.status, &*text(&page)), (404, "Not found There is no such group."), "{id}");
        for (path, fields) in [
            ("rename", [("name", "g"), ("version", "1")]),
            ("hand-over", [("admin_id", "1"), ("version", "1")]),
            ("delete", [("name", "g"), ("version", "1")]),
        ] {
            let reply = browser.post(&format!("/groups/{id}/{path}"), &fields);
            assert_eq!((reply.status, &*text(&reply)), (404, "Not found There is no such group."), "{id}");
        }
    }
    Ok(())
}

fn names_are_escaped(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let name = r#"<script>alert("x")</script>'&"#;
    let body = serde_json::json!({ "name": name, "token": name, "admin_id": 1 });
    assert_eq!(Request::create(body.to_string()).send(app.port).status, 201);
    let browser = Browser::open(&app);
    for path in
        ["/groups", "/groups/1", "/groups/1?show=token", "/groups?find=%3Cscript%3E&after=%22%3E%3Cscript%3E"]
    {
        let page = browser.get(path);
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("<script>") && !page.body.contains("\"x\""), "{path}");
    }
    let refused = browser.post("/groups/1/delete", &[("name", "\"><script>"), ("version", "1")]);
    assert!(refused.status == 422 && !refused.body.contains("<script>"));
    Ok(())
}
