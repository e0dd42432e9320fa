//! Requests of members, and the rows that the replies must equal.

use crate::app::App;
use gochat_domain::clock::Timestamp;
use gochat_test_support::{
    Backend,
    http::{DEVELOPMENT_KEY, Reply, Request},
};
use serde_json::{Value, json};

/// A request to join with the token of [`one_group::create`](crate::one_group::create).
pub fn join(group: u32, user: u32) -> Request {
    join_by(json!({ "group_id": group, "user_id": user, "token": "t" }))
}

/// A request to join with this body.
pub fn join_by(body: Value) -> Request {
    Request::post("/v1/member", body.to_string())
}

/// A request to leave.
pub fn leave(group: u32, user: u32) -> Request {
    Request::new("DELETE", &format!("/v1/member/{group}/{user}")).by(DEVELOPMENT_KEY)
}

/// Makes a user the administrator of a group.
pub fn hand_over(app: &App, group: u32, user: u32) {
    let path = format!("/v1/group/{group}");
    let reply = Request::json("PATCH", &path, format!(r#"{{"admin_id":{user}}}"#)).send(app.port);
    assert_eq!(reply.status, 200, "{}", reply.body);
}

/// The body of a reply with a membership.
pub fn body(group: u32, user: u32, role: &str, joined_at: &str) -> String {
    format!(r#"{{"group_id":{group},"user_id":{user},"role":"{role}","joined_at":"{joined_at}"}}"#)
}

/// The time of a membership as it is stored.
#[track_caller]
pub fn joined_at(app: &App, group: u32, user: u32) -> String {
    let column = match app.database.backend() {
        Backend::Sqlite => "CAST(joined_at AS TEXT)",
        Backend::Postgres => "(extract(epoch FROM joined_at) * 1000000)::bigint::text",
    };
    let sql = format!("SELECT {column} FROM members WHERE group_id = {group} AND user_id = {user}");
    let rows = app.database.rows(&sql).unwrap().concat();
    let [micros] = &rows[..] else { panic!("{rows:?}") };
    Timestamp::from_unix_micros(micros.parse().unwrap()).unwrap().to_string()
}

/// Asserts the status, the headers and the whole body of a reply with a member.
#[track_caller]
pub fn assert_member(reply: &Reply, status: u16, body: &str) {
    assert_eq!((reply.status, &*reply.body), (status, body));
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!((reply.header("etag"), reply.header("location")), ("", ""));
    reply.assert_common_headers();
}
