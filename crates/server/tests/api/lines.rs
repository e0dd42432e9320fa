//! Many groups in one request: each line is answered like a single request.

use crate::{app::App, keys::issue, one_group::create};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Backend, Case, TestDatabase, cases,
    http::{Connection, Reply, Request, metric},
};
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    cases![
        each_line_is_answered_in_order_with_its_group,
        a_line_that_fails_has_the_error_of_a_single_request,
        of_two_lines_with_one_name_the_first_is_stored,
        the_key_of_a_line_makes_its_retry_idempotent,
        a_taken_name_is_refused_with_the_id_of_its_group_if_the_key_may_read_groups,
        the_key_and_its_scope_are_checked_before_the_body,
        a_line_that_exceeds_a_limit_is_refused,
        a_failed_line_does_not_fail_the_others,
        a_body_without_lines_has_an_empty_reply,
        a_request_with_another_type_or_a_coding_is_refused,
        the_connection_of_a_small_body_serves_the_next_request,
        lines_are_counted_by_their_status,
    ]
}

/// Sends lines of groups.
pub fn send_lines(app: &App, body: impl Into<Vec<u8>>) -> Reply {
    let reply = Request::lines("/v1/group", body).send(app.port);
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/x-ndjson"), "{}", reply.body);
    reply.assert_common_headers();
    reply
}

/// A line for a group of this name.
pub fn group_line(name: &str) -> String {
    format!("{}\n", json!({ "name": name, "token": "t", "admin_id": 1 }))
}

/// The group that is stored under this name, as a reply has it.
fn stored(app: &App, name: &str) -> Value {
    Request::get(&format!("/v1/group_lookup?name={name}")).send(app.port).json()
}

/// The error of a line, made of the error of a single request.
pub fn error_line(line: u64, single: &Reply) -> Value {
    let mut error = single.json();
    error.as_object_mut().unwrap().remove("request_id");
    error["line"] = line.into();
    error["status"] = single.status.into();
    error
}

fn each_line_is_answered_in_order_with_its_group(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let expect = |reply: &Reply, numbers: &[u64], names: &[&str]| {
        let expected: Vec<_> = std::iter::zip(numbers, names)
            .map(|(line, name)| json!({ "line": line, "status": 201, "group": stored(&app, name) }))
            .collect();
        assert_eq!(reply.json_lines(), expected);
    };
    let body = "\n{\"name\":\"a\",\"token\":\"x\",\"admin_id\":\"7\"}\r\n \t\n\
                {\"admin_id\":8,\"other\":{},\"token\":\"y\",\"name\":\"b\"}\n\n{\"name\":\"c\",\"token\":\"z\",\"admin_id\":9}";
    expect(&send_lines(&app, body), &[2, 4, 6], &["a", "b", "c"]);
    let chunked = Request::lines("/v1/group", group_line("d") + &group_line("e")).chunked().send(app.port);
    expect(&chunked, &[1, 2], &["d", "e"]);
    let rows: Vec<_> =
        app.groups().into_iter().map(|[_, _, name, token, admin, _]| [name, token, admin]).collect();
    let expected = [["a", "x", "7"], ["b", "y", "8"], ["c", "z", "9"], ["d", "t", "1"], ["e", "t", "1"]];
    assert_eq!(rows, expected);
    Ok(())
}

fn a_line_that_fails_has_the_error_of_a_single_request(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "taken");
    let nested = format!(r#"{{"name":{}}}"#, "[".repeat(500));
    let bodies: Vec<Vec<u8>> = vec![
        b"nonsense".into(),
        b"[]".into(),
        b"{".into(),
        nested.into(),
        b"\xef\xbb\xbf{}".into(),
        b"{\"name\":\"\xff\"}".into(),
        b"{}".into(),
        br#"{"name":"g","name":"g"}"#.into(),
        br#"{"name":"g","token":"","admin_id":1}"#.into(),
        br#"{"name":"g","token":"t","admin_id":0}"#.into(),
        br#"{"name":null,"token":"t","admin_id":1}"#.into(),
        group_line("taken").trim().into(),
        format!(r#"{{"name":"{}"}}"#, "x".repeat(100)).into(),
        format!(r#"{{"name":"{}"}}"#, "x".repeat(16 * 1024)).into(),
        "x".repeat(1_000_000).into(),
    ];
    let singles: Vec<_> = bodies.iter().map(|body| Request::create(body.clone()).send(app.port)).collect();
    let reply = send_lines(&app, bodies.join(&b'\n'));
    let expected: Vec<_> = (1..).zip(&singles).map(|(line, single)| error_line(line, single)).collect();
    assert_eq!(reply.json_lines(), expected);
    assert_eq!(app.names(), ["taken"]);
    Ok(())
}

fn of_two_lines_with_one_name_the_first_is_stored(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let body: String = (0..2_000).map(|number| group_line(&format!("g{}", number / 2))).collect();
    let statuses: Vec<_> =
        send_lines(&app, body).json_lines().iter().map(|line| line["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 409].repeat(1_000));
    let names: Vec<_> = (0..1_000).map(|number| format!("g{number}")).collect();
    let mut stored = app.names();
    stored.sort_by_key(|name| name[1..].parse::<u32>().unwrap());
    assert_eq!(stored, names);
    Ok(())
}

fn the_key_of_a_line_makes_its_retry_idempotent(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let line = |key: &Value, name: &str| {
        format!("{}\n", json!({ "name": name, "token": "t", "admin_id": 1, "idempotency_key": key }))
    };
    let longest = "x".repeat(255);
    let keys = [json!("k"), json!("~"), json!(longest)];
    let names = ["a", "b", "c"];
    let body: String = std::iter::zip(&keys, names).map(|(key, name)| line(key, name)).collect();
    let first = send_lines(&app, body.clone()).json_lines();
    let mut replayed = first.clone();
    for line in &mut replayed {
        line["idempotency_replayed"] = true.into();
    }
    assert_eq!(send_lines(&app, body).json_lines(), replayed);
    // The same key in the header of a single request replays the line.
    let single = Request::create(line(&json!("k"), "a")).header("Idempotency-Key", "k").send(app.port);
    assert_eq!((single.status, single.header("idempotency-replayed")), (201, "true"));
    assert_eq!(single.json(), first[0]["group"]);

    let reused = Request::group("other").header("Idempotency-Key", "k").send(app.port);
    assert_eq!(send_lines(&app, line(&json!("k"), "other")).json_lines(), [error_line(1, &reused)]);
    let malformed = Request::group("g").header("Idempotency-Key", "a b").send(app.port);
    let too_long = "x".repeat(256);
    for key in [json!(""), json!("a b"), json!("\u{e9}"), json!(too_long), json!(1), json!(null)] {
        assert_eq!(send_lines(&app, line(&key, "g")).json_lines(), [error_line(1, &malformed)], "{key}");
    }
    Request::lines("/v1/group", group_line("g")).header("Idempotency-Key", "k").send(app.port).assert_error(
        400,
        "invalid_idempotency_key",
        None,
        "Idempotency-Key must not be sent with lines; each line may have an idempotency_key",
    );
    assert_eq!(app.names(), names);
    Ok(())
}

fn a_taken_name_is_refused_with_the_id_of_its_group_if_the_key_may_read_groups(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "taken");
    let (writer, _) = issue(&app, Scope::GroupsWrite, None);
    let body = group_line("taken").repeat(100);
    let error = |line: u64| {
        json!({ "line": line, "status": 409, "code": "group_name_taken", "field": "name",
                "error": "UNIQUE constraint failed: GROUPS.NAME" })
    };
    let reply = Request::lines("/v1/group", body.clone()).by(writer.expose()).send(app.port);
    assert_eq!(reply.json_lines(), (1..=100).map(error).collect::<Vec<_>>());
    let with_id = |line| {
        let mut error = error(line);
        error["group_id"] = 1.into();
        error
    };
    assert_eq!(send_lines(&app, body).json_lines(), (1..=100).map(with_id).collect::<Vec<_>>());
    Ok(())
}

fn the_key_and_its_scope_are_checked_before_the_body(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (reader, _) = issue(&app, Scope::GroupsRead, None);
    let request = Request::lines("/v1/group", group_line("g"));
    request.clone().by(reader.expose()).send(app.port).assert_lacks_scope("groups:write");
    let unknown = request.by("unknown").send(app.port);
    unknown.assert_error(401, "unauthorized", None, unknown.json()["error"].as_str().unwrap());
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_line_that_exceeds_a_limit_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__LIMITS__GROUPS_PER_ADMINISTRATOR", "2")]);
    let names = ["a", "b", "c", "d"];
    let reply = send_lines(&app, names.map(group_line).concat()).json_lines();
    let single = Request::group("e").send(app.port);
    assert_eq!(single.status, 409);
    assert_eq!(reply[2..], [error_line(3, &single), error_line(4, &single)]);
    let created: Vec<_> = reply.iter().map(|line| line["status"].clone()).collect();
    assert_eq!(created, [201, 201, 409, 409]);
    assert_eq!(app.names(), ["a", "b"]);
    Ok(())
}

fn a_failed_line_does_not_fail_the_others(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    app.database.execute(match app.database.backend() {
        Backend::Sqlite => {
            "CREATE TRIGGER rule BEFORE INSERT ON groups WHEN NEW.name = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END"
        }
        Backend::Postgres => {
            "ALTER TABLE groups ADD CONSTRAINT rule CHECK (name <> 'bad') NOT VALID"
        }
    })?;
    let single = Request::group("bad").send(app.port);
    let reply = send_lines(&app, ["a", "bad", "b"].map(group_line).concat()).json_lines();
    let created = |line: u64, name| json!({ "line": line, "status": 201, "group": stored(&app, name) });
    assert_eq!(reply, [created(1, "a"), error_line(2, &single), created(3, "b")]);
    assert_eq!(single.status, 500);
    Ok(())
}

fn a_body_without_lines_has_an_empty_reply(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for body in ["", "\n", "\r\n \n\t"] {
        assert_eq!(send_lines(&app, body).body, "", "{body:?}");
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_request_with_another_type_or_a_coding_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let refused = |request: Request, error: &str| {
        request.send(app.port).assert_error(415, "unsupported_media_type", None, error);
    };
    for path in ["/v1/group", "/v1/member"] {
        for other in ["text/plain", "application/ndjson", "application/jsonl", "application/x-ndjson-seq"] {
            let request = Request::post(path, "{}").without("Content-Type").header("Content-Type", other);
            refused(request, "the content type must be application/json or application/x-ndjson");
        }
        let gzip = Request::lines(path, "{}\n").header("Content-Encoding", "gzip");
        refused(gzip, "the body must not be encoded");
    }
    refused(
        Request::json("PATCH", "/v1/group/1", "{}\n")
            .without("Content-Type")
            .header("Content-Type", "application/x-ndjson"),
        "the content type must be application/json",
    );
    let parameters = Request::post("/v1/group", group_line("g"))
        .without("Content-Type")
        .header("Content-Type", "Application/X-NDJSON; charset=utf-8");
    assert_eq!(parameters.send(app.port).json_lines()[0]["status"], 201);
    assert_eq!(app.names(), ["g"]);
    Ok(())
}

fn the_connection_of_a_small_body_serves_the_next_request(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut connection = Connection::open(app.port);
    let lines = Request::lines("/v1/group", ["a", "b"].map(group_line).concat());
    let requests = [lines.clone(), Request::group("c"), lines.chunked(), Request::get("/v1/group?limit=1")];
    connection.write(&requests.iter().flat_map(Request::bytes).collect::<Vec<_>>());
    let statuses = |reply: &Reply| {
        let lines: Vec<_> = reply.json_lines().iter().map(|line| line["status"].as_u64().unwrap()).collect();
        (reply.header("connection").to_owned(), lines)
    };
    assert_eq!(statuses(&connection.read()), (String::new(), vec![201, 201]));
    assert_eq!(connection.read().json()["name"], "c");
    assert_eq!(statuses(&connection.read()), (String::new(), vec![409, 409]));
    assert_eq!(connection.read().json()[0]["name"], "a");
    assert_eq!(app.names(), ["a", "b", "c"]);
    Ok(())
}

fn lines_are_counted_by_their_status(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    send_lines(&app, format!("{}\n{}nonsense", group_line("a"), group_line("a")));
    let count = |status: u16| {
        metric(app.admin_port, &format!(r#"gochat_http_lines_total{{route="/v1/group",status="{status}"}}"#))
    };
    assert_eq!([201, 409, 400].map(count), [Some(1.0); 3]);
    let requests = r#"gochat_http_requests_total{method="POST",route="/v1/group",status="200"}"#;
    assert_eq!(metric(app.admin_port, requests), Some(1.0));
    Ok(())
}
