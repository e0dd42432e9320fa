//! Replies with one group, and the rows that they must equal.

use crate::app::App;
use gochat_domain::clock::Timestamp;
use gochat_test_support::{
    deadline,
    http::{Reply, Request},
};
use std::process::Command;
use uuid::Uuid;

/// Creates a group with the token `t`, administered by user 1.
pub fn create(app: &App, name: &str) -> Reply {
    let reply = Request::group(name).send(app.port);
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply
}

/// The body of a reply with the group that is stored at this place in the order of ids.
pub fn stored_body(app: &App, place: usize) -> String {
    let [id, uuid, name, token, admin_id, created_at] = &app.groups()[place];
    let uuid: Uuid = uuid.parse().unwrap();
    let created_at = Timestamp::from_unix_micros(created_at.parse().unwrap()).unwrap();
    format!(
        r#"{{"id":{id},"uuid":"{uuid}","name":"{name}","admin_id":{admin_id},"token":"{token}","created_at":"{created_at}"}}"#
    )
}

/// Asserts the status, the headers and the whole body of a reply with a group in this version.
#[track_caller]
pub fn assert_group(reply: &Reply, status: u16, version: u32, body: &str) {
    assert_eq!((reply.status, &*reply.body), (status, body));
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("etag"), format!("\"{version}\""));
    reply.assert_common_headers();
}

#[track_caller]
pub fn assert_no_group(reply: &Reply) {
    reply.assert_error(404, "group_not_found", None, "there is no such group");
    assert_eq!(reply.header("etag"), "");
}

/// Runs a command of GoChat's public API documentation, and returns what it prints. Only the port is replaced, because
/// other cases run at the same time.
pub fn run_command(app: &App, command: &str) -> String {
    let command = command.replace("1213", &app.port.to_string());
    String::from_utf8(deadline::run(Command::new("sh").args(["-c", &command])).stdout).unwrap()
}
