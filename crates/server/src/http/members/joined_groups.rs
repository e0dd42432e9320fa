//! `GET /v1/user_joined_groups`

use super::user_groups;
use crate::{
    http::{
        auth::Authenticated,
        error::ApiError,
        page::{PageParams, PageQuery},
        query::{Pairs, UserIdParam},
        replies::RepliesByStatus,
    },
    settings::BasePath,
};
use actix_web::{HttpRequest, HttpResponse, web::ThinData};
use gochat_domain::{auth::GroupsRead, group::GroupId, service::MemberService};
use utoipa::IntoResponses;

pub(super) const PATH: &str = "/v1/user_joined_groups";

/// List the groups of a user, page by page
///
/// Needs the scope `groups:read`. Lists the groups that the user is a member of or administers, in the order of their
/// ids. A client that follows `Link` sees each group once, even while the user joins and leaves others.
///
/// Users are in the identity service, so a user is found by the id alone.
#[utoipa::path(
    get,
    path = "/v1/user_joined_groups",
    operation_id = "listJoinedGroups",
    tag = "members",
    security(("GoChat-Token" = [])),
    params(UserIdParam, PageParams),
    responses(Replies)
)]
pub(in crate::http) async fn list(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(members): ThinData<MemberService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let query = Pairs::of(request.query_string());
    let user = query.user_id()?;
    let PageQuery { after, size } = PageQuery::parse(&query, GroupId::parse)?;
    let page = members.joined_groups(permit, user, after, size).await?;
    Ok(user_groups::reply(&base_path, PATH, user, size, &page))
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        user_groups::descriptions(PATH)
    }
}
