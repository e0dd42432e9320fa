//! The paths of groups. Each operation has a file with its handler, its OpenAPI description and its replies.

pub(super) mod change;
pub(super) mod create;
pub(super) mod create_lines;
pub(super) mod delete;
pub(super) mod find;
mod idempotency;
pub(super) mod list;
pub(super) mod look_up;
mod name_taken;
mod one;
mod path;
mod preconditions;
mod query;

use path::GroupPath;

use super::{
    lines,
    routes::{self, get_or_head, not_allowed, post, put_or_patch},
};
use actix_web::{
    Resource,
    web::{self, ServiceConfig},
};

/// Adds the paths, except for [`collection`].
pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(item()).service(lookup());
}

/// The path of all groups.
pub(super) fn collection() -> Resource {
    web::resource("/v1/group")
        .route(lines::route().to(create_lines::create))
        .route(post().to(create::create))
        .route(get_or_head().to(list::list))
        .default_service(not_allowed("GET, HEAD, POST"))
}

fn item() -> Resource {
    web::resource("/v1/group/{id}")
        .route(get_or_head().to(find::find))
        .route(put_or_patch().to(change::change))
        .route(routes::delete().to(delete::delete))
        .default_service(not_allowed("DELETE, GET, HEAD, PATCH, PUT"))
}

fn lookup() -> Resource {
    web::resource("/v1/group_lookup")
        .route(get_or_head().to(look_up::look_up))
        .default_service(not_allowed("GET, HEAD"))
}
