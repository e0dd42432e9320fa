//! Compares the OpenAPI document with the service.

use crate::app::App;
use gochat_test_support::{
    Case, CaseWithoutDatabase, TestDatabase, cases, cases_without_database, http::Request,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub fn cases() -> Vec<Case> {
    cases![errors_outside_of_operations_have_the_same_body]
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

pub const PROBLEM_JSON: &str = "application/problem+json";

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
pub fn assert_fits(api: &Value, schema: &Value, body: &Value) {
    let mut whole = schema.clone();
    whole["components"] = api["components"].clone();
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
    let errors: Vec<_> = validator.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {body}");
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
        let scopes = match method {
            "get" => "`groups:read`",
            _ if path.starts_with("/v1/member") => "`members:join` or `members:write`",
            _ => "`groups:write`",
        };
        let words = format!("Needs the scope {scopes}.");
        assert!(operation["description"].as_str().unwrap().starts_with(&words), "{method} {path}");
    }
    Ok(())
}
