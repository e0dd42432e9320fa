//! The API as OpenAPI 3.1, made of what the handlers, the wire and the table of errors say of themselves.

use super::{
    error::{Code, ErrorBody, Problem},
    groups::{create, find, list, look_up},
    replies::shared_headers,
};
use crate::{
    settings::BasePath,
    wire::{Fields, GroupBody},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

/// The header with the API key, and what the operations call this security scheme.
const API_KEY: &str = "GoChat-Token";

/// The document, as `GET /openapi.json` sends it; without a base path, docs/openapi.json has the same.
pub(crate) fn json(base_path: &BasePath) -> serde_json::Result<String> {
    let mut api = Api::openapi();
    if !base_path.is_empty() {
        let servers = api.servers.iter_mut().flatten();
        servers.for_each(|server| server.url = base_path.prefix(""));
    }
    api.to_pretty_json()
}

const ABOUT: &str = "Creates groups for the programs that hold an API key, and answers only when the group is on disk.\n\n\
    `HEAD` works wherever `GET` does. Every error of every path has the body `Error`, or `Problem` where `Accept` names \
    `application/problem+json`. A path that does not exist is 404 `not_found`, and a method that a path does not have is 405 \
    `method_not_allowed` with the header `Allow`. A reply after which the connection is closed has `Connection: close`.";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "GoChat group service",
        description = ABOUT,
        contact(name = "The GoChat authors")
    ),
    servers((url = "/", description = "Wherever this document is served")),
    paths(create::create, list::list, find::find, look_up::look_up),
    components(schemas(Fields, GroupBody, ErrorBody, Problem, Code)),
    modifiers(&SharedComponents),
    tags((name = "groups", description = "Groups, and nothing else"))
)]
struct Api;

/// What more than one operation refers to.
struct SharedComponents;

impl Modify for SharedComponents {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_with(Components::new);
        components.headers.extend(shared_headers());
        components.add_security_scheme(
            API_KEY,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                API_KEY,
                "An API key, sent once. `gochat keys create` makes one, with the scopes that the descriptions of the operations name. In the \
                 profile `development`, `433578ab-84c2-4e02-4656-de55a8097c9f` is one, with every scope.",
            ))),
        );
    }
}
