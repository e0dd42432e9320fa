//! `GET /v1/group_administrator`

use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, Code},
        json,
        query::{GroupKeyParams, Pairs},
        replies::{RepliesByStatus, reference, replies, success},
    },
    wire::AdministratorBody,
};
use actix_web::{HttpRequest, HttpResponse, web::ThinData};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    service::GroupService,
};
use serde_json::json;
use utoipa::IntoResponses;

/// Find the administrator of a group
///
/// Needs the scope `groups:read`. At least one of `id`, `uuid` and `name` is required. If several are given, the first
/// in this order decides. An empty parameter is ignored.
#[utoipa::path(
    get,
    path = "/v1/group_administrator",
    operation_id = "findAdministrator",
    tag = "members",
    security(("GoChat-Token" = [])),
    params(GroupKeyParams),
    responses(Replies)
)]
pub(in crate::http) async fn find(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(groups): ThinData<GroupService>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = Pairs::of(request.query_string()).required_group_key()?;
    let group = groups.find(permit, &key).await?.ok_or_else(ApiError::group_not_found)?;
    Ok(json::reply(HttpResponse::Ok(), &AdministratorBody::from(group.admin_id)))
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let found = success(
            "The user who administers the group",
            reference::<AdministratorBody>(),
            [("found", json!({ "id": 1 }))],
        );
        let codes = [Code::GroupNotFound, Code::InvalidId, Code::InvalidUuid, Code::InvalidName];
        replies([("200", found)], GroupsRead::ANY_OF, &codes)
    }
}
