//! The requests of a load.

use crate::{client::request, ledger::CreateRequest};

/// Builds a create. `name` is sent as it is; it may differ from the stored name.
pub fn create(api_key: &str, name: &str, create: &CreateRequest) -> Vec<u8> {
    let body =
        serde_json::json!({"name": name, "token": create.token, "admin_id": create.admin_id}).to_string();
    let mut headers = vec![("GoChat-Token", api_key), ("Content-Type", "application/json")];
    headers.extend(create.key.as_ref().map(|key| ("Idempotency-Key", &**key)));
    request("POST", "/v1/group", &headers, body.as_bytes())
}

/// Builds a read.
pub fn read(api_key: &str, target: &str) -> Vec<u8> {
    request("GET", target, &[("GoChat-Token", api_key)], b"")
}
