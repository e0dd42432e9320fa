//! Many joins in one request.

use crate::{app::App, keys::issue, one_group::create};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, TestDatabase, cases,
    deadline::eventually,
    http::{DEVELOPMENT_KEY, LineStream, Reply, Request},
};
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    cases![
        each_join_is_answered_in_order_like_a_single_request,
        a_line_without_a_token_needs_the_scope_members_write,
        a_line_for_a_full_group_is_refused,
        a_key_without_a_scope_for_members_is_forbidden,
        joins_are_unavailable_while_the_database_is_locked,
        a_stream_of_joins_that_stalls_ends_with_what_was_read,
        joins_of_a_broken_stream_are_stored_once_when_they_are_sent_again,
    ]
}

fn lines(joins: &[Value]) -> String {
    joins.iter().flat_map(|join| [join.to_string(), "\n".to_owned()]).collect()
}

fn send(app: &App, key: &str, joins: &[Value]) -> Vec<Value> {
    let reply = Request::lines("/v1/member", lines(joins)).by(key).send(app.port);
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/x-ndjson"), "{}", reply.body);
    reply.assert_common_headers();
    reply.json_lines()
}

/// The answer to a line, made of the reply to a single request.
fn line(number: u64, status: u16, single: &Reply) -> Value {
    let mut body = single.json();
    if status < 300 {
        return json!({ "line": number, "status": status, "member": body });
    }
    body.as_object_mut().unwrap().remove("request_id");
    body["line"] = number.into();
    body["status"] = status.into();
    body
}

fn each_join_is_answered_in_order_like_a_single_request(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let joins = [
        json!({ "group_id": 1, "user_id": 10, "token": "t", "idempotency_key": 7 }),
        json!({ "group_id": "1", "user_id": "11" }),
        json!({ "group_id": 1, "user_id": 10, "token": "t" }),
        json!({ "group_id": 1, "user_id": 12, "token": "wrong" }),
        json!({ "group_id": 9, "user_id": 12, "token": "t" }),
        json!({ "group_id": 1, "user_id": 0 }),
        json!({ "group_id": 1, "user_id": 1, "token": "t" }),
        json!([]),
    ];
    let replies = send(&app, DEVELOPMENT_KEY, &joins);
    assert_eq!(app.memberships(), [["1", "10"], ["1", "11"]]);
    // A repeated join has the same body as the first one.
    let singles = joins.each_ref().map(|join| Request::post("/v1/member", join.to_string()).send(app.port));
    let statuses = [201, 201, 200, 403, 404, 422, 200, 400];
    let expected: Vec<_> = (1..)
        .zip(statuses)
        .zip(&singles)
        .map(|((number, status), single)| {
            assert_eq!(single.status, if status == 201 { 200 } else { status });
            line(number, status, single)
        })
        .collect();
    assert_eq!(replies, expected);
    Ok(())
}

fn a_line_without_a_token_needs_the_scope_members_write(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let joins =
        [json!({ "group_id": 1, "user_id": 10 }), json!({ "group_id": 1, "user_id": 11, "token": "t" })];
    let (joiner, _) = issue(&app, Scope::MembersJoin, None);
    let replies = send(&app, joiner.expose(), &joins);
    let single = Request::post("/v1/member", joins[0].to_string()).by(joiner.expose()).send(app.port);
    assert_eq!(single.status, 422);
    assert_eq!((&replies[0], &replies[1]["status"]), (&line(1, 422, &single), &json!(201)));
    assert_eq!(app.memberships(), [["1", "11"]]);
    let (writer, _) = issue(&app, Scope::MembersWrite, None);
    let statuses: Vec<_> =
        send(&app, writer.expose(), &joins).into_iter().map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, [201, 200]);
    assert_eq!(app.memberships(), [["1", "10"], ["1", "11"]]);
    Ok(())
}

fn a_line_for_a_full_group_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__LIMITS__MEMBERS_PER_GROUP", "3")]);
    create(&app, "g");
    let joins: Vec<_> = (10..14).map(|user| json!({ "group_id": 1, "user_id": user })).collect();
    let replies = send(&app, DEVELOPMENT_KEY, &joins);
    let single = Request::post("/v1/member", joins[3].to_string()).send(app.port);
    let statuses: Vec<_> = replies.iter().map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, [201, 201, 409, 409]);
    assert_eq!(replies[3], line(4, 409, &single));
    assert_eq!(app.memberships(), [["1", "10"], ["1", "11"]]);
    Ok(())
}

fn a_key_without_a_scope_for_members_is_forbidden(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let (writer, _) = issue(&app, Scope::GroupsWrite, None);
    let join = lines(&[json!({ "group_id": 1, "user_id": 10 })]);
    let reply = Request::lines("/v1/member", join).by(writer.expose()).send(app.port);
    reply.assert_lacks_scope("members:join or members:write");
    Ok(())
}

fn open(app: &App) -> LineStream {
    LineStream::open(app.port, "/v1/member")
}

fn join(user: u64) -> String {
    lines(&[json!({ "group_id": 1, "user_id": user, "token": "t" })])
}

fn joins_are_unavailable_while_the_database_is_locked(database: TestDatabase) -> anyhow::Result<()> {
    let other = App::on(database);
    create(&other, "g");
    let app = other.beside(&[("GOCHAT__DATABASE__TIMEOUT", "1s")]);
    let mut lock = app.database.lock_groups()?;
    let mut stream = open(&app);
    stream.send(&join(10));
    stream.read_head();
    let unavailable = json!({ "line": 1, "status": 503, "code": "unavailable",
                              "error": "the service cannot serve this now; try again" });
    assert_eq!(stream.read_line(), Some(unavailable));
    lock.execute("ROLLBACK")?;
    let joined = eventually("a join is stored", || {
        stream.send(&join(11));
        Some(stream.read_line().unwrap()).filter(|line| line["status"] != 503)
    });
    assert!(joined["status"] == 201 || joined["status"] == 200, "{joined}");
    assert!(app.memberships().contains(&["1", "11"].map(str::to_owned)));
    Ok(())
}

fn a_stream_of_joins_that_stalls_ends_with_what_was_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s")]);
    create(&app, "g");
    let mut stream = open(&app);
    stream.send(&(join(10) + r#"{"group_id":1,"#));
    stream.read_head();
    let answered = stream.read_lines();
    assert_eq!((answered.len(), &answered[0]["status"]), (1, &json!(201)));
    assert!(stream.into_connection().is_closed());
    assert_eq!(app.memberships(), [["1", "10"]]);
    Ok(())
}

fn joins_of_a_broken_stream_are_stored_once_when_they_are_sent_again(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    create(&app, "g");
    let users = 1_000..2_000;
    let mut stream = open(&app);
    users.clone().for_each(|user| stream.send(&join(user)));
    stream.read_head();
    let answered: Vec<_> = (0..10).map(|_| stream.read_line().unwrap()).collect();
    drop(stream);
    let again = Request::lines("/v1/member", users.map(join).collect::<String>()).send(app.port).json_lines();
    assert_eq!(again.len(), 1_000);
    assert!(again.iter().all(|line| line["status"] == 200 || line["status"] == 201), "{again:?}");
    for (first, again) in std::iter::zip(&answered, &again) {
        assert_eq!((&first["status"], &again["status"]), (&json!(201), &json!(200)));
        assert_eq!(first["member"], again["member"]);
    }
    assert_eq!(app.memberships().len(), 1_000);
    Ok(())
}
