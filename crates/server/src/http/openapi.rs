//! The OpenAPI 3.1 document, generated from the handlers, the JSON types and the table of errors.

mod lines;

use super::{
    error::{Code, ErrorBody, LineOutcome, Problem},
    groups::{
        change::{self, OperationIdOfPut},
        create,
        create_lines::GroupLine,
        delete, find, list, look_up,
    },
    members::{administrator, join, join_lines::MemberLine, leave, list as list_members, user_groups},
    replies::shared_headers,
};
use crate::{
    settings::BasePath,
    wire::{
        AdministratorBody, ChangedFields, Fields, GroupBody, GroupMemberBody, JoinFields, LineFields,
        MemberBody, RoleName,
    },
};
use lines::LinesInExtension;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

/// Header of the API key, and name of the security scheme.
const API_KEY: &str = "GoChat-Token";

/// Returns the document that `GET /openapi.json` sends. Without a base path it equals docs/openapi.json.
pub(crate) fn json(base_path: &BasePath) -> serde_json::Result<String> {
    let mut api = Api::openapi();
    if !base_path.is_empty() {
        let servers = api.servers.iter_mut().flatten();
        servers.for_each(|server| server.url = base_path.prefixed(""));
    }
    api.to_pretty_json()
}

const ABOUT: &str = "Creates, changes, finds and deletes groups, and manages their members, for programs that have an API key. A reply of 200 or 201 to a write means \
    that it is on disk.\n\n\
    `HEAD` works wherever `GET` does. Every error of every path has the body `Error`, or `Problem` where `Accept` names \
    `application/problem+json`. An unknown path answers 404 `not_found`. A method that a path does not support answers 405 \
    `method_not_allowed` with the header `Allow`. If the connection closes after a reply, the reply has `Connection: close`.";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "GoChat group service",
        description = ABOUT,
        contact(name = "The GoChat authors")
    ),
    servers((url = "/", description = "The server of this document")),
    paths(
        create::create,
        list::list,
        find::find,
        change::change,
        delete::delete,
        look_up::look_up,
        join::join,
        leave::leave,
        list_members::list,
        administrator::find,
        user_groups::joined,
        user_groups::created,
    ),
    components(schemas(
        Fields,
        ChangedFields,
        GroupBody,
        JoinFields,
        MemberBody,
        GroupMemberBody,
        RoleName,
        AdministratorBody,
        LineFields,
        GroupLine,
        MemberLine,
        LineOutcome,
        ErrorBody,
        Problem,
        Code,
    )),
    modifiers(&SharedComponents, &OperationIdOfPut, &LinesInExtension),
    tags(
        (name = "groups", description = "Groups"),
        (name = "members", description = "Members of groups, and the groups of users")
    )
)]
struct Api;

/// Components that several operations use.
struct SharedComponents;

impl Modify for SharedComponents {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_with(Components::new);
        components.headers.extend(shared_headers());
        components.add_security_scheme(
            API_KEY,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                API_KEY,
                "An API key, sent exactly once. `gochat keys create` makes one. Each operation names the scope that it needs: `groups:read`, `groups:write`, `members:join` or `members:write`. In the profile \
                 `development`, `433578ab-84c2-4e02-4656-de55a8097c9f` is a key with every scope.",
            ))),
        );
    }
}
