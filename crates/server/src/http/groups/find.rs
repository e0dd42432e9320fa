//! `GET /v1/group/{id}`

use super::one;
use crate::http::{
    auth::Authenticated,
    error::{ApiError, Code},
    replies::{RepliesByStatus, replies},
};
use actix_web::{
    HttpResponse,
    web::{self, ThinData},
};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    group::{GroupId, GroupKey},
    service::GroupService,
};
use utoipa::IntoResponses;

/// Find a group by its id
///
/// Needs the scope `groups:read`.
#[utoipa::path(
    get,
    path = "/v1/group/{id}",
    operation_id = "findGroup",
    tag = "groups",
    security(("GoChat-Token" = [])),
    params(("id" = i64, Path, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, description = "The id of the group", example = 1)),
    responses(Replies)
)]
pub(in crate::http) async fn find(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(groups): ThinData<GroupService>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    // A path that is not an id names no group.
    let id = GroupId::parse(&id).map_err(|_| ApiError::group_not_found())?;
    one::reply(&groups, permit, &GroupKey::Id(id)).await
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        replies("200", one::description(), GroupsRead::ANY_OF, &[Code::GroupNotFound])
    }
}
