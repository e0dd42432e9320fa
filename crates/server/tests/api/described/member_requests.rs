//! A request for each reply about members.

use super::requests::{Keys, Operation, Sent, to_another_host};
use crate::one_member::leave;
use gochat_test_support::http::Request;

const JOIN: &str = "/v1/member";
const LEAVE: &str = "/v1/member/{group_id}/{user_id}";
const MEMBERS: &str = "/v1/group_members";
const ADMINISTRATOR: &str = "/v1/group_administrator";
const OF_USERS: [&str; 2] = ["/v1/user_joined_groups", "/v1/user_created_groups"];

/// A request for user 10 to join a group.
fn join(group: u32) -> Request {
    post(&format!(r#"{{"group_id":{group},"user_id":10,"token":"298fbgv479bv"}}"#))
}

fn post(body: &str) -> Request {
    Request::post(JOIN, body)
}

/// A request for each operation. None of them changes a membership that exists.
pub fn valid() -> Vec<Operation> {
    let mut valid = vec![
        (JOIN, "post", join(1)),
        (LEAVE, "delete", leave(1, 99)),
        (MEMBERS, "get", Request::get("/v1/group_members?id=1")),
        (ADMINISTRATOR, "get", Request::get("/v1/group_administrator?id=1")),
    ];
    valid.extend(OF_USERS.map(|path| (path, "get", Request::get(&format!("{path}?id=1")))));
    valid
}

/// Makes user 10 the second member of group 1, which is full then.
pub fn joins(keys: &Keys) -> Vec<Sent> {
    let requests = [
        (201, join(1)),
        (200, join(1)),
        (200, Request::lines(JOIN, r#"{"group_id":1,"user_id":10}"#)),
        (200, Request::lines(JOIN, r#"{"group_id":1,"user_id":10,"token":"wrong"}"#)),
        (400, post(r#"{"group_id":"#)),
        (401, join(1).without("gochat-token")),
        (403, join(1).by(keys.reader.expose())),
        (403, post(r#"{"group_id":1,"user_id":11,"token":"wrong"}"#)),
        (404, join(77)),
        (409, post(r#"{"group_id":1,"user_id":11}"#)),
        (413, post(&"x".repeat(16_385))),
        (415, join(1).without("content-type")),
        (421, to_another_host(join(1))),
        (422, post(r#"{"group_id":0}"#)),
        (422, post(r#"{"group_id":1,"user_id":0}"#)),
        (422, post(r#"{"group_id":1,"user_id":10,"token":""}"#)),
    ];
    requests.into_iter().map(|(status, request)| (JOIN, "post", status, request)).collect()
}

/// Ends the membership of user 10 in group 1.
pub fn leaves(keys: &Keys) -> Vec<Sent> {
    let requests = [
        (401, leave(1, 10).without("gochat-token")),
        (403, leave(1, 10).by(keys.reader.expose())),
        (409, leave(1, 1)),
        (421, to_another_host(leave(1, 10))),
        (200, leave(1, 10)),
        (404, leave(1, 10)),
    ];
    requests.into_iter().map(|(status, request)| (LEAVE, "delete", status, request)).collect()
}

pub fn reads(keys: &Keys) -> Vec<Sent> {
    let of_users = OF_USERS.into_iter().flat_map(|path| lists(path, keys));
    let of_groups = [MEMBERS, ADMINISTRATOR].into_iter().flat_map(|path| of_a_group(path, keys));
    of_groups.chain(lists(MEMBERS, keys)).chain(of_users).collect()
}

fn of_a_group(path: &'static str, keys: &Keys) -> Vec<Sent> {
    let get = |query: &str| Request::get(&format!("{path}?{query}"));
    let requests = [
        (200, get("name=group_1")),
        (404, get("id=77")),
        (422, get("id=0")),
        (422, get("uuid=0")),
        (422, get("name=+g")),
        (401, get("id=1").without("gochat-token")),
        (403, get("id=1").by(keys.writer.expose())),
        (421, to_another_host(get("id=1"))),
    ];
    requests.into_iter().map(|(status, request)| (path, "get", status, request)).collect()
}

fn lists(path: &'static str, keys: &Keys) -> Vec<Sent> {
    let get = |query: &str| Request::get(&format!("{path}?{query}"));
    let requests = [
        (200, get("id=1")),
        (200, get("id=1&limit=1")),
        (422, get("id=0")),
        (422, get("id=1&limit=0")),
        (422, get("id=1&after=0")),
        (401, get("id=1").without("gochat-token")),
        (403, get("id=1").by(keys.writer.expose())),
        (421, to_another_host(get("id=1"))),
    ];
    requests.into_iter().map(|(status, request)| (path, "get", status, request)).collect()
}
