//! The tab *Keys*.

use super::browser::{Browser, between, field, text};
use crate::{app::App, keys::issue_readers};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Reply, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_key_is_shown_once_and_works,
        a_key_has_the_ticked_scopes_and_the_chosen_lifetime,
        a_form_that_breaks_a_rule_makes_no_key,
        a_revoked_key_is_refused_and_listed_as_revoked,
        an_unknown_key_is_404,
        many_keys_are_listed_by_pages,
    ]
}

/// Returns the text of the element with this id.
fn element<'a>(reply: &'a Reply, id: &str) -> &'a str {
    let start = format!("id=\"{id}\">");
    reply.body.split_once(&start).unwrap().1.split_once('<').unwrap().0
}

/// Returns name, scopes and state of each listed key.
fn listed(reply: &Reply) -> Vec<[String; 3]> {
    let rows = reply.body.split("<td class=\"name\" role=\"cell\">").skip(1);
    rows.map(|row| {
        let name = row.split_once('<').unwrap().0.to_owned();
        let badges: Vec<&str> = row
            .split("<span class=\"badge")
            .skip(1)
            .map(|badge| badge.split_once('>').unwrap().1.split_once('<').unwrap().0)
            .collect();
        let (state, scopes) = badges.split_last().unwrap();
        [name, scopes.join(" "), (*state).to_owned()]
    })
    .collect()
}

fn a_key_is_shown_once_and_works(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let fields = [("name", "mobile <app>"), ("days", "90"), ("groups:read", "on")];
    let made = browser.post("/keys", &fields);
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"));
    let key = element(&made, "key");
    assert!(key.starts_with("gck_") && key.len() == 68, "{key}");
    let command = element(&made, "command").replace("&#39;", "'");
    assert_eq!(command, format!("curl http://127.0.0.1:{}/v1/group -H 'GoChat-Token: {key}'", app.port));
    assert_eq!(Request::new("GET", "/v1/group").by(key).send(app.port).status, 200);
    assert_eq!(listed(&made), [["mobile &#60;app&#62;", "groups:read", "active"]]);
    let later = browser.get("/keys");
    assert_eq!(later.status, 200);
    assert!(!later.body.contains("gck_"), "{}", later.body);
    assert_eq!(listed(&later), [["mobile &#60;app&#62;", "groups:read", "active"]]);
    Ok(())
}

fn a_key_has_the_ticked_scopes_and_the_chosen_lifetime(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    for (name, days) in [("a", "30"), ("b", "")] {
        let fields = [
            ("name", name),
            ("days", days),
            ("members:write", "on"),
            ("groups:write", "on"),
            ("groups:burn", "on"),
        ];
        assert_eq!(browser.post("/keys", &fields).status, 201);
    }
    let days = match app.database.backend() {
        gochat_test_support::Backend::Sqlite => {
            "SELECT name, scopes, CAST((expires_at - created_at) / 86400000000 AS TEXT) FROM api_keys
             WHERE expires_at IS NOT NULL"
        }
        gochat_test_support::Backend::Postgres => {
            "SELECT name, scopes, extract(day FROM expires_at - created_at)::bigint::text FROM api_keys
             WHERE expires_at IS NOT NULL"
        }
    };
    assert_eq!(app.database.rows(days)?, [["a", "groups:write members:write", "30"]]);
    // Keys that are made in the same millisecond may be listed in either order.
    let mut keys = listed(&browser.get("/keys"));
    keys.sort();
    assert_eq!(
        keys,
        [["a", "groups:write members:write", "active"], ["b", "groups:write members:write", "active"]]
    );
    Ok(())
}

fn a_form_that_breaks_a_rule_makes_no_key(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let name_rule =
        "a key&#39;s name has 1 to 63 characters, not all of them blank and none of them a control character";
    for (name, days, scope, problem) in [
        ("", "30", "groups:read", name_rule),
        ("  ", "30", "groups:read", name_rule),
        ("k", "30", "groups:burn", "a key needs at least one scope"),
        ("k", "x", "groups:read", "the lifetime must be a number of days"),
        ("k", "-1", "groups:read", "the lifetime must be a number of days"),
        ("k", "4294967295", "groups:read", "the expiry is too far in the future"),
    ] {
        let refused = browser.post("/keys", &[("name", name), ("days", days), (scope, "on")]);
        assert_eq!(refused.status, 422, "{}", refused.body);
        let shown = format!("role=\"alert\">No key was made: {problem}.</p>");
        assert_eq!(refused.body.matches(&shown).count(), 1, "{}", refused.body);
        assert!(refused.body.contains(&format!("name=\"name\" value=\"{name}\"")));
    }
    assert!(app.database.rows("SELECT name FROM api_keys")?.is_empty());
    assert!(
        text(&browser.get("/keys"))
            .starts_with("Keys Make a key All keys There are no keys yet. Make a key ")
    );
    Ok(())
}

fn a_revoked_key_is_refused_and_listed_as_revoked(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    let made = browser.post("/keys", &[("name", "k"), ("days", ""), ("groups:read", "on")]);
    let key = element(&made, "key").to_owned();
    let path = made.body.split_once("/keys/").unwrap().1.split_once("/revoke").unwrap().0.to_owned();
    for _ in 0..2 {
        let revoked = browser.post(&format!("/keys/{path}/revoke"), &[]);
        let location = format!("/keys?revoked={path}");
        assert_eq!((revoked.status, revoked.header("location")), (303, &*browser.path(&location)));
        let page = browser.get(&location);
        let notice = format!(
            "<p class=\"notice\" role=\"status\">The key {path} was revoked. Every running server refuses it within 5 seconds.</p>"
        );
        assert!(page.body.contains(&notice), "{}", page.body);
        assert_eq!(listed(&page), [["k", "groups:read", "revoked"]]);
        assert!(!page.body.contains("/revoke\""));
    }
    // An instance without a cached answer refuses it at once.
    let fresh = app.beside(&[]);
    assert_eq!(Request::new("GET", "/v1/group").by(&key).send(fresh.port).status, 401);
    Ok(())
}

fn an_unknown_key_is_404(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    for id in ["018f0000-0000-7000-8000-000000000000", "x", "1"] {
        let reply = browser.post(&format!("/keys/{id}/revoke"), &[]);
        assert_eq!((reply.status, &*text(&reply)), (404, "Not found There is no such key."), "{id}");
    }
    Ok(())
}

fn many_keys_are_listed_by_pages(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let browser = Browser::open(&app);
    issue_readers(&app, 101);
    let first = browser.get("/keys");
    assert_eq!((first.status, listed(&first).len()), (200, 100));
    assert!(!first.body.contains("First page"));
    let next = between(&first.body, "/keys?after=", "\">Next page</a>").concat();
    let second = browser.get(&format!("/keys?after={next}"));
    assert_eq!((second.status, listed(&second).len()), (200, 1));
    assert!(second.body.contains("/keys\">First page</a>"), "{}", second.body);
    assert!(!second.body.contains("Next page"));
    // Each key is on one page, and the newest come first.
    let ids =
        [&first, &second].map(|page| between(&page.body, "<span class=\"mono muted\">", "</span>")).concat();
    assert!(ids.len() == 101 && ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    let beyond = browser.get(&format!("/keys?after={}", ids[100]));
    assert!(text(&beyond).contains("There are no more keys."), "{}", beyond.body);
    // Nonsense is ignored.
    assert_eq!(listed(&browser.get("/keys?after=x")).len(), 100);
    // The form on the second page leads back to it.
    assert_eq!(field(&second, "after"), next);
    let revoked = browser.post(&format!("/keys/{}/revoke", ids[100]), &[("after", &next)]);
    let location = format!("/keys?revoked={}&after={next}", ids[100]);
    assert_eq!((revoked.status, revoked.header("location")), (303, &*browser.path(&location)));
    let second = browser.get(&location);
    assert!(text(&second).contains(&format!("The key {} was revoked.", ids[100])), "{}", second.body);
    assert_eq!(listed(&second)[0][2], "revoked");
    let revoked = browser.post(&format!("/keys/{}/revoke", ids[99]), &[("after", "x&revoked=y")]);
    assert_eq!(revoked.header("location"), browser.path(&format!("/keys?revoked={}", ids[99])));
    Ok(())
}
