//! `ETag`, `If-Match` and `If-None-Match`.

use crate::{
    app::App,
    one_group::{assert_group, assert_no_group, create, stored_body},
};
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Reply, Request, send_at_once},
};

pub fn cases() -> Vec<Case> {
    cases![
        every_reply_with_one_group_has_its_version,
        a_write_is_made_if_a_strong_tag_matches,
        a_write_is_refused_if_no_tag_matches,
        a_read_is_304_if_any_tag_matches,
        a_malformed_header_is_400,
        a_missing_group_is_reported_before_a_failed_precondition,
        an_invalid_body_is_reported_before_a_failed_precondition,
        one_of_many_changes_at_once_wins,
        one_of_many_deletes_and_changes_at_once_wins,
        a_retried_create_has_the_first_reply_whatever_became_of_the_group,
    ]
}

const FAILED: &str = "the group has another version than the expected one";

/// Adds a header `name` for each of these lines.
fn with(request: Request, name: &str, lines: &[&str]) -> Request {
    lines.iter().fold(request, |request, line| request.header(name, line))
}

fn rename(method: &str, name: &str) -> Request {
    Request::json(method, "/v1/group/1", format!(r#"{{"name":"{name}"}}"#))
}

fn delete() -> Request {
    Request::new("DELETE", "/v1/group/1").by(DEVELOPMENT_KEY)
}

/// An application with a group in version 3.
fn with_third_version(database: TestDatabase) -> App {
    let app = App::on(database);
    create(&app, "g");
    for name in ["h", "i"] {
        assert_eq!(rename("PATCH", name).send(app.port).status, 200);
    }
    app
}

fn every_reply_with_one_group_has_its_version(database: TestDatabase) -> anyhow::Result<()> {
    let app = with_third_version(database);
    let uuid = Request::get("/v1/group/1").send(app.port).json()["uuid"].as_str().unwrap().to_owned();
    for path in [
        "/v1/group/1",
        "/v1/group?id=1",
        "/v1/group?name=i",
        &format!("/v1/group?uuid={uuid}"),
        "/v1/group_lookup?name=i",
    ] {
        assert_group(&Request::get(path).send(app.port), 200, 3, &stored_body(&app, 0));
        let head = Request::new("HEAD", path).by(DEVELOPMENT_KEY).send(app.port);
        assert_eq!((head.status, head.header("etag"), &*head.body), (200, r#""3""#, ""), "{path}");
    }
    let list = Request::get("/v1/group").send(app.port);
    assert_eq!((list.status, list.header("etag")), (200, ""));
    let changed = rename("PUT", "j").send(app.port);
    assert_group(&changed, 200, 4, &stored_body(&app, 0));
    assert_group(&delete().send(app.port), 200, 4, &changed.body);
    Ok(())
}

fn a_write_is_made_if_a_strong_tag_matches(database: TestDatabase) -> anyhow::Result<()> {
    let app = with_third_version(database);
    let mut version = 3;
    for lines in [
        &["*"][..],
        &[" * "],
        &["\"V\""],
        &["\"1\", \"V\""],
        &["\"V\",\"9\""],
        &["\"1\"", "\"V\""],
        &["\"V\"", "\"1\""],
        &["W/\"V\", \"V\""],
        &["\"junk\", \"a,b\",, \"V\""],
        &["", "\"V\""],
    ] {
        for method in ["PUT", "PATCH"] {
            let lines: Vec<_> = lines.iter().map(|line| line.replace('V', &version.to_string())).collect();
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            version += 1;
            let reply = with(rename(method, &format!("g{version}")), "If-Match", &lines).send(app.port);
            assert_group(&reply, 200, version, &stored_body(&app, 0));
            assert_eq!(
                (app.names()[0].clone(), app.versions()),
                (format!("g{version}"), vec![version.to_string()])
            );
        }
    }
    // A change that changes nothing is subject to the same condition.
    let same = with(rename("PUT", &format!("g{version}")), "If-Match", &[&format!("\"{version}\"")]);
    assert_group(&same.send(app.port), 200, version, &stored_body(&app, 0));
    let body = stored_body(&app, 0);
    let deleted = with(delete(), "If-Match", &["\"1\"", &format!("\"{version}\"")]).send(app.port);
    assert_group(&deleted, 200, version, &body);
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_write_is_refused_if_no_tag_matches(database: TestDatabase) -> anyhow::Result<()> {
    let app = with_third_version(database);
    let before = app.groups();
    for lines in [
        &["\"1\""][..],
        &["\"2\", \"4\""],
        &["\"2\"", "\"4\""],
        &["W/\"3\""],
        &["W/\"3\", \"2\""],
        &["\"03\""],
        &["\"*\""],
        &["\"junk\""],
        &["\"33a64df551425fcc55e4d42a148795d9f25f89d4\""],
        &["\"99999999999999999999\""],
        &["\"\""],
        &[""],
    ] {
        for request in [rename("PUT", "j"), rename("PATCH", "j"), rename("PATCH", "i"), delete()] {
            let reply = with(request, "If-Match", lines).send(app.port);
            reply.assert_error(412, "precondition_failed", None, FAILED);
        }
    }
    assert_eq!((app.groups(), app.versions()), (before, vec!["3".to_owned()]));
    Ok(())
}

fn a_read_is_304_if_any_tag_matches(database: TestDatabase) -> anyhow::Result<()> {
    let app = with_third_version(database);
    let body = stored_body(&app, 0);
    // One connection, so that a body after a reply of 304 would be noticed.
    let mut connection = Connection::open(app.port);
    for path in ["/v1/group/1", "/v1/group?id=1", "/v1/group_lookup?name=i"] {
        for lines in [
            &["*"][..],
            &["\"3\""],
            &["W/\"3\""],
            &["\"1\", W/\"3\""],
            &["\"1\"", "\"3\""],
            &["\"junk\",\"3\""],
        ] {
            for method in ["GET", "HEAD"] {
                let request = with(Request::new(method, path).by(DEVELOPMENT_KEY), "If-None-Match", lines);
                connection.write(&request.bytes());
                assert_not_modified(&connection.read());
            }
        }
        for lines in [&["\"1\""][..], &["\"2\"", "W/\"4\""], &["\"junk\""], &["\"03\""], &[""]] {
            let request =
                |method| with(Request::new(method, path).by(DEVELOPMENT_KEY), "If-None-Match", lines);
            connection.write(&request("GET").bytes());
            assert_group(&connection.read(), 200, 3, &body);
            connection.write(&request("HEAD").bytes());
            let head = connection.read_head();
            assert_eq!((head.status, head.header("etag")), (200, r#""3""#));
            assert_eq!(head.header("content-length"), body.len().to_string());
        }
    }
    // A page of groups has no version.
    let list = Request::get("/v1/group").header("If-None-Match", "*").send(app.port);
    assert_eq!((list.status, list.body), (200, format!("[{body}]")));
    Ok(())
}

#[track_caller]
fn assert_not_modified(reply: &Reply) {
    assert_eq!((reply.status, &*reply.body, reply.header("etag")), (304, "", r#""3""#));
    for absent in ["content-length", "content-type", "transfer-encoding"] {
        assert_eq!(reply.header(absent), "", "{absent}");
    }
    reply.assert_common_headers();
}

fn a_malformed_header_is_400(database: TestDatabase) -> anyhow::Result<()> {
    let app = with_third_version(database);
    let before = app.groups();
    for lines in [
        &["3"][..],
        &["\"3"],
        &["w/\"3\""],
        &["W/3"],
        &["\"3\" \"4\""],
        &["\"3\", x"],
        &["*, \"3\""],
        &["*", "\"3\""],
        &["*", "*"],
        &["\"a b\""],
        &["\"3", "\""],
    ] {
        let writes =
            [rename("PUT", "j"), rename("PATCH", "j"), delete()].map(|write| with(write, "If-Match", lines));
        let reads = ["/v1/group/1", "/v1/group/7", "/v1/group?id=1", "/v1/group_lookup?id=1"]
            .map(|path| with(Request::get(path), "If-None-Match", lines));
        for request in writes.iter().chain(&reads) {
            let error = "If-Match and If-None-Match must each be * or a list of entity tags";
            request.send(app.port).assert_error(400, "malformed_header", None, error);
        }
    }
    assert_eq!((app.groups(), app.versions()), (before, vec!["3".to_owned()]));
    Ok(())
}

/// RFC 9110, section 13.2.1: a precondition is ignored if the reply without it would be an error.
fn a_missing_group_is_reported_before_a_failed_precondition(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for tag in ["*", "\"1\"", "\"junk\""] {
        for request in [rename("PUT", "h"), rename("PATCH", "h"), delete()] {
            assert_no_group(&request.header("If-Match", tag).send(app.port));
        }
        assert_no_group(&Request::get("/v1/group/1").header("If-None-Match", tag).send(app.port));
    }
    Ok(())
}

fn an_invalid_body_is_reported_before_a_failed_precondition(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    for (body, code) in [("{}", "nothing_to_change"), (r#"{"name":""}"#, "invalid_name")] {
        let reply = Request::json("PUT", "/v1/group/1", body).header("If-Match", "\"9\"").send(app.port);
        assert_eq!((reply.status, &reply.json()["code"]), (422, &code.into()));
    }
    Ok(())
}

fn one_of_many_changes_at_once_wins(database: TestDatabase) -> anyhow::Result<()> {
    let app = with_third_version(database);
    let requests = (0..200).map(|number| {
        let method = if number % 2 == 0 { "PUT" } else { "PATCH" };
        (app.port, rename(method, &format!("g{number}")).header("If-Match", "\"3\""))
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        send_at_once(requests).into_iter().partition(|reply| reply.status == 200);
    let [winner] = &won[..] else { panic!("{won:?}") };
    assert_group(winner, 200, 4, &stored_body(&app, 0));
    assert_eq!(lost.len(), 199);
    for reply in lost {
        reply.assert_error(412, "precondition_failed", None, FAILED);
    }
    assert_eq!((app.groups().len(), app.versions()), (1, vec!["4".to_owned()]));
    Ok(())
}

fn one_of_many_deletes_and_changes_at_once_wins(database: TestDatabase) -> anyhow::Result<()> {
    let app = with_third_version(database);
    let requests = (0..40).map(|number| {
        let request = if number % 2 == 0 { delete() } else { rename("PUT", &format!("g{number}")) };
        (app.port, request.header("If-Match", "\"3\""))
    });
    let replies = send_at_once(requests);
    let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    let [winner] = won[..] else { panic!("{won:?}") };
    let is_deleted = app.groups().is_empty();
    // The group is gone, or it is there in the version that the one change made.
    assert_eq!(winner.header("etag"), if is_deleted { "\"3\"" } else { "\"4\"" });
    for lost in replies.iter().filter(|reply| reply.status != 200) {
        if is_deleted {
            assert_no_group(lost);
        } else {
            lost.assert_error(412, "precondition_failed", None, FAILED);
        }
    }
    Ok(())
}

fn a_retried_create_has_the_first_reply_whatever_became_of_the_group(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let create = || Request::group("g").header("Idempotency-Key", "k").send(app.port);
    let first = create();
    assert_group(&first, 201, 1, &stored_body(&app, 0));
    let path = "/v1/group/1";
    for (request, left) in [
        (Request::json("PATCH", path, r#"{"name":"h"}"#), 1),
        (Request::json("PUT", path, r#"{"admin_id":2,"token":"u"}"#), 1),
        (Request::new("DELETE", path).by(DEVELOPMENT_KEY), 0),
    ] {
        assert_eq!(request.send(app.port).status, 200);
        let rows = (app.groups(), app.versions(), app.memberships());
        let again = create();
        assert_group(&again, 201, 1, &first.body);
        assert_eq!((again.header("location"), again.header("idempotency-replayed")), (path, "true"));
        assert_eq!((app.groups(), app.versions(), app.memberships()), rows);
        assert_eq!(app.groups().len(), left);
    }
    Ok(())
}
