//! `GET /v1/group_lookup`

use super::{one, preconditions::IF_NONE_MATCH_DESCRIPTION};
use crate::http::{
    auth::Authenticated,
    error::{ApiError, Code},
    query::{GroupKeyParams, Pairs},
    replies::{RepliesByStatus, replies},
};
use actix_web::{HttpRequest, HttpResponse, web::ThinData};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    service::GroupService,
};
use utoipa::IntoResponses;

/// Look up a group by id, UUID or name
///
/// Needs the scope `groups:read`. At least one of `id`, `uuid` and `name` is required. If several are given, the first
/// in this order decides. An empty parameter is ignored.
#[utoipa::path(
    get,
    path = "/v1/group_lookup",
    operation_id = "lookUpGroup",
    tag = "groups",
    security(("GoChat-Token" = [])),
    params(
        GroupKeyParams,
        ("If-None-Match" = Option<String>, Header, nullable = false, description = IF_NONE_MATCH_DESCRIPTION),
    ),
    responses(Replies)
)]
pub(in crate::http) async fn look_up(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(groups): ThinData<GroupService>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = Pairs::of(request.query_string()).required_group_key()?;
    one::find(&groups, permit, &key, request.headers()).await
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let codes = [
            Code::MalformedHeader,
            Code::GroupNotFound,
            Code::InvalidId,
            Code::InvalidUuid,
            Code::InvalidName,
        ];
        replies(one::descriptions(), GroupsRead::ANY_OF, &codes)
    }
}
