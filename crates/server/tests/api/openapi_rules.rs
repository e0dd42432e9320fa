//! Rules for the OpenAPI document: those of linters, and those of client generators.

use crate::openapi::{api, operations};
use gochat_test_support::{CaseWithoutDatabase, cases_without_database};
use serde_json::Value;
use std::collections::BTreeSet;

pub fn cases_without_database() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        every_integer_has_a_minimum_and_a_maximum,
        every_operation_parameter_and_field_is_described,
        no_body_has_alternative_schemas,
        every_component_is_used,
    ]
}

/// Returns every value in the document with its path.
fn values(api: &Value) -> Vec<(String, &Value)> {
    let mut found = vec![(String::new(), api)];
    let mut next = 0;
    while let Some((path, value)) = found.get(next).cloned() {
        next += 1;
        match value {
            Value::Object(members) => {
                found.extend(members.iter().map(|(name, value)| (format!("{path}/{name}"), value)));
            }
            Value::Array(items) => found.extend(items.iter().map(|value| (format!("{path}/*"), value))),
            _ => {}
        }
    }
    found
}

fn every_integer_has_a_minimum_and_a_maximum() -> anyhow::Result<()> {
    let api = api();
    let values = values(&api);
    let integers: Vec<_> = values.iter().filter(|(_, value)| value["type"] == "integer").collect();
    assert!(integers.len() >= 8, "{integers:?}");
    for (path, integer) in integers {
        assert!(integer["minimum"].is_i64() && integer["maximum"].is_i64(), "{path}: {integer}");
    }
    Ok(())
}

fn every_operation_parameter_and_field_is_described() -> anyhow::Result<()> {
    let api = api();
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    for place in ["/info/description", "/info/contact/name", "/info/license/identifier"] {
        assert!(api.pointer(place).is_some_and(text), "{place}");
    }
    // Reserved names (RFC 2606), which no contact address may use.
    for name in ["example.org", "example.com", "example.net", ".example", ".invalid"] {
        assert!(!api.to_string().contains(name), "{name}");
    }
    for (path, method, operation) in operations(&api) {
        let about = [&operation["summary"], &operation["description"], &operation["operationId"]];
        assert!(about.into_iter().all(text), "{method} {path}");
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        for described in parameters.chain(operation["responses"].as_object().unwrap().values()) {
            assert!(text(&described["description"]), "{method} {path}: {described}");
        }
    }
    for tag in api["tags"].as_array().unwrap() {
        assert!(text(&tag["description"]), "{tag}");
    }
    Ok(())
}

/// Client generators cannot handle alternatives.
fn no_body_has_alternative_schemas() -> anyhow::Result<()> {
    let api = api();
    for (path, value) in values(&api) {
        for several in ["oneOf", "anyOf", "not"] {
            assert!(value.get(several).is_none(), "{path} has {several}");
        }
        assert!(!value["type"].is_array(), "{path} is of several types");
    }
    Ok(())
}

fn every_component_is_used() -> anyhow::Result<()> {
    let api = api();
    let values = values(&api);
    let references: BTreeSet<_> = values.iter().filter_map(|(_, value)| value["$ref"].as_str()).collect();
    let kinds = api["components"].as_object().unwrap().iter().filter(|(kind, _)| *kind != "securitySchemes");
    for (kind, shared) in kinds {
        for name in shared.as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(references.contains(&*reference), "{reference} is unused");
        }
    }
    Ok(())
}
