//! The paths of members. Each operation has a file with its handler, its OpenAPI description and its replies; the two
//! lists of a user's groups share one.

pub(super) mod administrator;
pub(super) mod join;
pub(super) mod join_lines;
pub(super) mod leave;
pub(super) mod list;
pub(super) mod user_groups;

use super::{
    lines,
    routes::{self, get_or_head, not_allowed, post},
};
use actix_web::{
    Resource,
    web::{self, ServiceConfig},
};

/// Adds the paths, except for [`collection`].
pub(super) fn configure(server: &mut ServiceConfig) {
    server
        .service(item())
        .service(read_only(list::PATH).route(get_or_head().to(list::list)))
        .service(read_only("/v1/group_administrator").route(get_or_head().to(administrator::find)))
        .service(read_only(user_groups::JOINED).route(get_or_head().to(user_groups::joined)))
        .service(read_only(user_groups::CREATED).route(get_or_head().to(user_groups::created)));
}

/// The path of all members.
pub(super) fn collection() -> Resource {
    web::resource("/v1/member")
        .route(lines::route().to(join_lines::join))
        .route(post().to(join::join))
        .default_service(not_allowed("POST"))
}

fn item() -> Resource {
    web::resource("/v1/member/{group_id}/{user_id}")
        .route(routes::delete().to(leave::leave))
        .default_service(not_allowed("DELETE"))
}

fn read_only(path: &str) -> Resource {
    web::resource(path).default_service(not_allowed("GET, HEAD"))
}
