//! A request for each reply about groups that a healthy service sends.

use gochat_domain::auth::ApiKey;
use gochat_test_support::http::{DEVELOPMENT_KEY, Request};

pub const GROUPS: &str = "/v1/group";
const ONE: &str = "/v1/group/{id}";
const LOOKUP: &str = "/v1/group_lookup";

/// Methods that change the database.
pub const WRITES: [&str; 4] = ["post", "put", "patch", "delete"];

const BODY: &str = r#"{"name":"group_1","token":"298fbgv479bv","admin_id":1}"#;

/// A line with a key.
const LINE: &str = r#"{"name":"group_0","token":"t","admin_id":7,"idempotency_key":"k0"}"#;

/// A request: its path and method in the document, the expected status, and the request itself.
pub type Sent = (&'static str, &'static str, u16, Request);

/// An operation, by its path and method in the document, and a request for it.
pub type Operation = (&'static str, &'static str, Request);

/// Keys with one scope each.
pub struct Keys {
    pub reader: ApiKey,
    pub writer: ApiKey,
}

pub fn to_another_host(request: Request) -> Request {
    request.without("Host").header("Host", "chat.example.org")
}

/// A change that changes nothing.
fn change(method: &str) -> Request {
    Request::json(&method.to_uppercase(), "/v1/group/1", r#"{"token":"298fbgv479bv"}"#)
}

fn delete(id: u32) -> Request {
    Request::new("DELETE", &format!("/v1/group/{id}")).by(DEVELOPMENT_KEY)
}

/// A request for each operation. None of them deletes a group, or changes one.
pub fn valid() -> [Operation; 7] {
    [
        (GROUPS, "post", group("late", 9)),
        (GROUPS, "get", Request::get(GROUPS)),
        (ONE, "get", Request::get("/v1/group/1")),
        (ONE, "put", change("put")),
        (ONE, "patch", change("patch")),
        (ONE, "delete", delete(1).header("If-Match", "\"9\"")),
        (LOOKUP, "get", Request::get("/v1/group_lookup?id=1")),
    ]
}

fn group(name: &str, admin_id: u32) -> Request {
    Request::create(format!(r#"{{"name":"{name}","token":"t","admin_id":{admin_id}}}"#))
}

/// Creates the groups 1 and 2, of administrator 1, and the groups 3 to 5. An administrator may have two groups.
pub fn creates(keys: &Keys) -> Vec<Sent> {
    let create = || Request::create(BODY);
    let with_key = |body: &str| Request::create(body).header("Idempotency-Key", "k");
    let requests = [
        (201, with_key(BODY)),
        (201, group("group_2", 1)),
        (201, group("group_3", 2)),
        (201, group("group_4", 3)),
        (201, with_key(BODY)),
        (200, Request::lines(GROUPS, LINE)),
        (200, Request::lines(GROUPS, LINE)),
        (200, Request::lines(GROUPS, r#"{"name":"group_1","token":"t","admin_id":1}"#)),
        (422, with_key(r#"{"name":"other","token":"t","admin_id":1}"#)),
        (409, create()),
        (409, group("group_5", 1)),
        (400, Request::create(r#"{"name":"#)),
        (400, create().header("Idempotency-Key", "")),
        (422, Request::create(r#"{"name":" g"}"#)),
        (422, Request::create(r#"{"name":"g","token":""}"#)),
        (422, Request::create(r#"{"name":"g","token":"t","admin_id":0}"#)),
        (401, create().without("gochat-token")),
        (403, create().by(keys.reader.expose())),
        (413, Request::create("x".repeat(16_385))),
        (415, create().without("content-type")),
        (421, to_another_host(create())),
        (431, create().header("X", &"x".repeat(200_000))),
    ];
    requests.into_iter().map(|(status, request)| (GROUPS, "post", status, request)).collect()
}

pub fn reads(keys: &Keys) -> Vec<Sent> {
    let get = Request::get;
    let uuid = "/v1/group_lookup?uuid=0199aaaa-0000-7000-8000-000000000001";
    let requests = [
        (GROUPS, 200, get(GROUPS)),
        (GROUPS, 200, get("/v1/group?limit=1")),
        (GROUPS, 422, get("/v1/group?limit=0")),
        (GROUPS, 422, get("/v1/group?after=0")),
        (GROUPS, 401, get(GROUPS).without("gochat-token")),
        (GROUPS, 403, get(GROUPS).by(keys.writer.expose())),
        (GROUPS, 421, to_another_host(get(GROUPS))),
        (ONE, 200, get("/v1/group/1")),
        (ONE, 304, get("/v1/group/1").header("If-None-Match", "*")),
        (ONE, 400, get("/v1/group/1").header("If-None-Match", "1")),
        (ONE, 404, get("/v1/group/7")),
        (ONE, 401, get("/v1/group/1").without("gochat-token")),
        (ONE, 403, get("/v1/group/1").by(keys.writer.expose())),
        (ONE, 421, to_another_host(get("/v1/group/1"))),
        (LOOKUP, 200, get("/v1/group_lookup?name=group_1")),
        (LOOKUP, 200, get("/v1/group_lookup?id=1")),
        (LOOKUP, 304, get("/v1/group_lookup?id=1").header("If-None-Match", "*")),
        (LOOKUP, 400, get(uuid).header("If-None-Match", "1")),
        (LOOKUP, 404, get(uuid)),
        (LOOKUP, 422, get("/v1/group_lookup?id=0")),
        (LOOKUP, 422, get("/v1/group_lookup?uuid=0")),
        (LOOKUP, 422, get("/v1/group_lookup?name=+g")),
        (LOOKUP, 401, get(LOOKUP).without("gochat-token")),
        (LOOKUP, 403, get(LOOKUP).by(keys.writer.expose())),
        (LOOKUP, 421, to_another_host(get(LOOKUP))),
    ];
    requests.into_iter().map(|(path, status, request)| (path, "get", status, request)).collect()
}

pub fn changes(method: &'static str, keys: &Keys) -> Vec<Sent> {
    let send = |id: u32, body: &str| Request::json(&method.to_uppercase(), &format!("/v1/group/{id}"), body);
    let same = || change(method);
    let requests = [
        (200, same()),
        (400, send(1, r#"{"name":"#)),
        (400, same().header("If-Match", "1")),
        (401, same().without("gochat-token")),
        (403, same().by(keys.reader.expose())),
        (404, send(7, r#"{"token":"t"}"#)),
        (409, send(2, r#"{"name":"group_1"}"#)),
        (409, send(4, r#"{"admin_id":1}"#)),
        // A group may have two members. Here they are the previous administrator and the new one.
        (200, send(3, r#"{"admin_id":4}"#)),
        (409, send(3, r#"{"admin_id":5}"#)),
        (412, same().header("If-Match", "\"9\"")),
        (413, send(1, &"x".repeat(16_385))),
        (415, same().without("content-type")),
        (421, to_another_host(same())),
        (422, send(1, "{}")),
        (422, send(1, r#"{"name":" g"}"#)),
        (422, send(1, r#"{"token":""}"#)),
        (422, send(1, r#"{"admin_id":0}"#)),
    ];
    requests.into_iter().map(|(status, request)| (ONE, method, status, request)).collect()
}

/// Deletes group 2.
pub fn deletes(keys: &Keys) -> Vec<Sent> {
    let requests = [
        (400, delete(2).header("If-Match", "1")),
        (401, delete(2).without("gochat-token")),
        (403, delete(2).by(keys.reader.expose())),
        (412, delete(2).header("If-Match", "\"9\"")),
        (421, to_another_host(delete(2))),
        (200, delete(2)),
        (404, delete(2)),
    ];
    requests.into_iter().map(|(status, request)| (ONE, "delete", status, request)).collect()
}
