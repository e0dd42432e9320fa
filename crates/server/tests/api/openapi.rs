//! Compares the OpenAPI document with the service.

use crate::{app::App, database_errors::refuse_every_create, keys::issue};
use gochat_domain::auth::Scope;
use gochat_test_support::{
    Case, CaseWithoutDatabase, TestDatabase, cases, cases_without_database,
    http::{Reply, Request, exchange},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub fn cases() -> Vec<Case> {
    cases![every_reply_is_described, errors_outside_of_operations_have_the_same_body]
}

/// Cases that only check the document.
pub fn cases_without_database() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        every_example_matches_its_schema,
        every_code_has_an_example,
        every_error_code_is_in_the_table_of_docs_api,
        every_operation_names_its_scope,
    ]
}

const PROBLEM_JSON: &str = "application/problem+json";
const BODY: &str = r#"{"name":"group_1","token":"298fbgv479bv","admin_id":1}"#;

pub fn api() -> Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

/// Returns the operations, as (path, method, operation).
pub fn operations(api: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = api["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (&**path, &**method, operation))
        })
        .collect()
}

/// Returns the replies of every operation.
fn replies(api: &Value) -> Vec<&Value> {
    let replies = operations(api).into_iter().map(|(_, _, operation)| &operation["responses"]);
    replies.flat_map(|replies| replies.as_object().unwrap().values()).collect()
}

/// Passes if `body` matches `schema`.
#[track_caller]
fn assert_fits(api: &Value, schema: &Value, body: &Value) {
    let mut whole = schema.clone();
    whole["components"] = api["components"].clone();
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
    let errors: Vec<_> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {body}");
}

fn every_reply_is_described(database: TestDatabase) -> anyhow::Result<()> {
    let app =
        App::with(database, &[("GOCHAT__HTTP__REQUEST_TIMEOUT", "1s"), ("GOCHAT__DATABASE__TIMEOUT", "1s")]);
    let (reader, _) = issue(&app, Scope::GroupsRead, None);
    let (writer, _) = issue(&app, Scope::GroupsWrite, None);
    let create = || Request::create(BODY);
    let with_key = |body: &str| Request::create(body).header("Idempotency-Key", "k");
    let (all, one, lookup) = ("/v1/group", "/v1/group/{id}", "/v1/group_lookup");
    let uuid = "/v1/group_lookup?uuid=0199aaaa-0000-7000-8000-000000000001";
    let elsewhere = |request: Request| request.without("Host").header("Host", "chat.example.org");
    let requests = [
        (all, "post", 201, with_key(BODY)),
        (all, "post", 201, with_key(BODY)),
        (all, "post", 422, with_key(r#"{"name":"other","token":"t","admin_id":1}"#)),
        (all, "post", 409, create()),
        (all, "post", 400, Request::create(r#"{"name":"#)),
        (all, "post", 400, create().header("Idempotency-Key", "")),
        (all, "post", 422, Request::create(r#"{"name":" g"}"#)),
        (all, "post", 422, Request::create(r#"{"name":"g","token":""}"#)),
        (all, "post", 422, Request::create(r#"{"name":"g","token":"t","admin_id":0}"#)),
        (all, "post", 401, create().without("gochat-token")),
        (all, "post", 403, create().by(reader.expose())),
        (all, "post", 413, Request::create("x".repeat(16_385))),
        (all, "post", 415, create().without("content-type")),
        (all, "post", 431, create().header("X", &"x".repeat(200_000))),
        (all, "get", 200, Request::get(all)),
        (all, "get", 200, Request::get("/v1/group?limit=1")),
        (all, "get", 422, Request::get("/v1/group?limit=0")),
        (all, "get", 422, Request::get("/v1/group?after=0")),
        (all, "get", 401, Request::get(all).without("gochat-token")),
        (all, "get", 403, Request::get(all).by(writer.expose())),
        (one, "get", 200, Request::get("/v1/group/1")),
        (one, "get", 404, Request::get("/v1/group/7")),
        (one, "get", 401, Request::get("/v1/group/1").without("gochat-token")),
        (one, "get", 403, Request::get("/v1/group/1").by(writer.expose())),
        (lookup, "get", 200, Request::get("/v1/group_lookup?name=group_1")),
        (lookup, "get", 200, Request::get("/v1/group_lookup?id=1")),
        (lookup, "get", 404, Request::get(uuid)),
        (lookup, "get", 422, Request::get("/v1/group_lookup?id=0")),
        (lookup, "get", 422, Request::get("/v1/group_lookup?uuid=0")),
        (lookup, "get", 422, Request::get("/v1/group_lookup?name=+g")),
        (lookup, "get", 401, Request::get(lookup).without("gochat-token")),
        (lookup, "get", 403, Request::get(lookup).by(writer.expose())),
        (all, "post", 421, elsewhere(create())),
        (all, "get", 421, elsewhere(Request::get(all))),
        (one, "get", 421, elsewhere(Request::get("/v1/group/1"))),
        (lookup, "get", 421, elsewhere(Request::get(lookup))),
    ];
    let api = api();
    let mut seen = BTreeSet::new();
    let mut check = |path: &'static str, method: &'static str, status: u16, reply: &Reply| {
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        assert_described(&api, &api["paths"][path][method]["responses"][status.to_string()], reply);
        if status >= 400
            && let Some(code) = reply.json()["code"].as_str()
        {
            seen.insert((path, method, code.to_owned()));
        }
    };
    let mut check_both = |path, method, status, request: Request| {
        check(path, method, status, &request.send(app.port));
        if status >= 400 {
            check(path, method, status, &request.header("Accept", PROBLEM_JSON).send(app.port));
        }
    };
    for (path, method, status, request) in requests {
        check_both(path, method, status, request);
    }
    let mut lock = app.database.lock_groups()?;
    check_both(all, "post", 503, Request::group("late"));
    lock.execute("ROLLBACK")?;
    // Breaks a rule of the domain in a stored row, and adds a constraint unknown to the service. Only one row is
    // changed, because the create that was answered 503 may have been stored meanwhile.
    app.database.execute("UPDATE groups SET name = ' g' WHERE id = 1")?;
    refuse_every_create(&app.database)?;
    for (path, method, request) in [
        (all, "post", create()),
        (all, "get", Request::get(all)),
        (one, "get", Request::get("/v1/group/1")),
        (lookup, "get", Request::get("/v1/group_lookup?id=1")),
    ] {
        check_both(path, method, 500, request);
    }
    check(all, "post", 400, &exchange(app.port, b"nonsense\r\n\r\n"));
    check(all, "post", 408, &exchange(app.port, b"POST /v1/group HTTP/1.1\r\n"));
    let late = create().header("Accept", PROBLEM_JSON).bytes();
    check(all, "post", 408, &exchange(app.port, &late[..late.len() - 1]));
    // Every described reply was seen, with two exceptions: errors that occur before the method is known were checked
    // only for the create, and on SQLite a lock does not stop reads.
    let of_any_operation = ["malformed_request", "header_too_large", "request_timeout"];
    let is_left_out = |method: &str, code: &str| match method {
        // No limit on groups can be set.
        _ if code == "too_many_groups" => true,
        "post" => false,
        "get" => of_any_operation.contains(&code) || code == "unavailable",
        _ => of_any_operation.contains(&code),
    };
    for (path, method, operation) in operations(&api) {
        for code in codes(&operation["responses"]) {
            let is_seen = seen.iter().any(|seen| *seen == (path, method, code.to_owned()));
            assert!(is_seen || is_left_out(method, code), "{method} {path} {code}");
        }
    }
    Ok(())
}

fn errors_outside_of_operations_have_the_same_body(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let api = api();
    for (method, path, code) in [("GET", "/nothing", "not_found"), ("PUT", "/v1/group", "method_not_allowed")]
    {
        assert!(OUTSIDE_OPERATIONS.contains(&code));
        let request = Request::new(method, path);
        let replies = [("Error", request.clone()), ("Problem", request.header("Accept", PROBLEM_JSON))];
        for (name, request) in replies {
            let body = request.send(app.port).json();
            assert_eq!(body["code"], code);
            let reference = format!("#/components/schemas/{name}");
            assert_fits(&api, &json!({ "$ref": reference, "unevaluatedProperties": false }), &body);
        }
    }
    Ok(())
}

/// Returns the codes for which these replies have examples.
fn codes(replies: &Value) -> impl Iterator<Item = &str> {
    let contents =
        replies.as_object().unwrap().values().filter_map(|reply| reply["content"].get("application/json"));
    let examples = contents.flat_map(|content| content["examples"].as_object().unwrap().values());
    examples.filter_map(|example| example["value"]["code"].as_str())
}

/// Headers of HTTP itself and of CORS, which the document omits.
const UNDESCRIBED: [&str; 5] = ["connection", "content-length", "content-type", "date", "vary"];

/// Passes if the reply matches its description: headers, content type, and a body without further fields. An error
/// must equal the example of its code.
#[track_caller]
fn assert_described(api: &Value, described: &Value, reply: &Reply) {
    let headers = described["headers"].as_object().expect("the status is not described");
    for name in headers.keys() {
        let is_there = !reply.header(name).is_empty();
        assert!(is_there || ["idempotency-replayed", "link"].contains(&&**name), "{name}: {reply:?}");
    }
    for name in reply.header_names() {
        assert!(headers.contains_key(name) || UNDESCRIBED.contains(&name), "{name}: {reply:?}");
    }
    if described.get("content").is_none() {
        assert_eq!(reply.body, "", "a body that is not described");
        return;
    }
    let (content, mut body) = (&described["content"][reply.header("content-type")], reply.json());
    let mut schema = content["schema"].clone();
    if body.is_object() {
        schema["unevaluatedProperties"] = false.into();
    }
    assert_fits(api, &schema, &body);
    if reply.status >= 400 {
        let mut example = content["examples"][body["code"].as_str().unwrap()]["value"].clone();
        for member in ["request_id", "error", "detail"] {
            // Not compared: the request id, and the text of `malformed_json`, which has the position of the error.
            if body.get(member).is_some() && (member == "request_id" || body["code"] == "malformed_json") {
                example[member] = body[member].take();
                body[member] = example[member].clone();
            }
        }
        assert_eq!(body, example);
    }
}

fn every_example_matches_its_schema() -> anyhow::Result<()> {
    let api = api();
    let requests = operations(&api).into_iter().filter_map(|(_, _, operation)| operation.get("requestBody"));
    let contents = replies(&api).into_iter().chain(requests).filter_map(|described| described.get("content"));
    for content in contents.flat_map(|content| content.as_object().unwrap().values()) {
        let examples = content["examples"].as_object().into_iter().flat_map(|examples| examples.values());
        let bodies: Vec<_> =
            examples.map(|example| &example["value"]).chain(content.get("example")).collect();
        assert!(!bodies.is_empty(), "no example: {content}");
        for body in bodies {
            assert_fits(&api, &content["schema"], body);
        }
    }
    Ok(())
}

/// Codes of an unknown path and of an unsupported method, which belong to no operation.
const OUTSIDE_OPERATIONS: [&str; 2] = ["method_not_allowed", "not_found"];

fn every_code_has_an_example() -> anyhow::Result<()> {
    let api = api();
    let with_examples: BTreeSet<_> = replies(&api)
        .into_iter()
        .filter_map(|reply| reply["content"].get("application/json"))
        .flat_map(|content| content["examples"].as_object().unwrap().values())
        .filter_map(|example| example["value"]["code"].as_str())
        .chain(OUTSIDE_OPERATIONS)
        .collect();
    let codes = api["components"]["schemas"]["Code"]["enum"].as_array().unwrap();
    assert_eq!(with_examples, codes.iter().map(|code| code.as_str().unwrap()).collect());
    Ok(())
}

fn every_error_code_is_in_the_table_of_docs_api() -> anyhow::Result<()> {
    let api = api();
    let page = include_str!("../../../../docs/api.md");
    let problems = replies(&api).into_iter().flat_map(|reply| {
        let content = reply["content"].get("application/problem+json");
        content.into_iter().flat_map(|content| content["examples"].as_object().unwrap().values())
    });
    for problem in problems.map(|example| &example["value"]) {
        let (status, code) =
            (format!("| {} |", problem["status"]), format!("`{}`", problem["code"].as_str().unwrap()));
        assert!(page.lines().any(|row| row.starts_with(&status) && row.contains(&code)), "{status} {code}");
    }
    Ok(())
}

fn every_operation_names_its_scope() -> anyhow::Result<()> {
    let api = api();
    let scheme = &api["components"]["securitySchemes"]["GoChat-Token"];
    assert_eq!(
        (&scheme["type"], &scheme["in"], &scheme["name"]),
        (&json!("apiKey"), &json!("header"), &json!("GoChat-Token"))
    );
    for (path, method, operation) in operations(&api) {
        // Scopes in a security requirement are for OAuth, so the description names the scopes of API keys.
        assert_eq!(operation["security"], json!([{ "GoChat-Token": [] }]), "{method} {path}");
        let scope = if method == "get" { "groups:read" } else { "groups:write" };
        let words = format!("Needs the scope `{scope}`.");
        assert!(operation["description"].as_str().unwrap().starts_with(&words), "{method} {path}");
    }
    Ok(())
}
