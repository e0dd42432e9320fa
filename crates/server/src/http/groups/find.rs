//! `GET /v1/group/{id}`

use super::{GroupPath, one, preconditions::IF_NONE_MATCH_DESCRIPTION};
use crate::http::{
    auth::Authenticated,
    error::{ApiError, Code},
    replies::{RepliesByStatus, replies},
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, ThinData},
};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    group::GroupKey,
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
    params(
        GroupPath,
        ("If-None-Match" = Option<String>, Header, nullable = false, description = IF_NONE_MATCH_DESCRIPTION),
    ),
    responses(Replies)
)]
pub(in crate::http) async fn find(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(groups): ThinData<GroupService>,
    path: web::Path<GroupPath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    one::find(&groups, permit, &GroupKey::Id(path.id()?), request.headers()).await
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        replies(one::descriptions(), GroupsRead::ANY_OF, &[Code::MalformedHeader, Code::GroupNotFound])
    }
}
