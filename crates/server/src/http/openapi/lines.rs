//! Bodies of lines in the description of the API.
//!
//! Client generators expect one type of request body for an operation, and one type of body in its successful replies. If
//! there is a second type, they generate no method, or a method whose result has no type. So bodies of lines are described
//! in the extension `x-lines` of an operation, and in its text.

use crate::http::lines::NDJSON;
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::{
    Modify,
    openapi::{OpenApi, RefOr, extensions::ExtensionsBuilder, path::Operation},
};

/// Moves bodies of lines to the extension.
pub(super) struct LinesInExtension;

impl Modify for LinesInExtension {
    fn modify(&self, api: &mut OpenApi) {
        let operations = api.paths.paths.values_mut().filter_map(|path| path.post.as_mut());
        operations.for_each(move_lines);
    }
}

fn move_lines(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(request) = body.content.remove(NDJSON) else { return };
    let mut replies = BTreeMap::new();
    operation.responses.responses.retain(|status, response| {
        let RefOr::T(response) = response else { return true };
        let Some(lines) = response.content.shift_remove(NDJSON) else { return true };
        let mut reply = response.clone();
        reply.content = [(NDJSON.to_owned(), lines)].into();
        replies.insert(status.clone(), reply);
        // A status whose only reply is lines is left to the extension.
        !response.content.is_empty()
    });
    let lines = json!({ "requestBody": { "content": { NDJSON: request } }, "responses": replies });
    let extension = ExtensionsBuilder::new().add("x-lines", lines).build();
    operation.extensions.get_or_insert_default().merge(extension);
}
