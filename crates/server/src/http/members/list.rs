//! `GET /v1/group_members`

use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, Code},
        page::{self, PageParams, PageQuery},
        query::{GroupKeyParams, Pairs},
        replies::{RepliesByStatus, examples, replies},
    },
    settings::BasePath,
    wire::GroupMemberBody,
};
use actix_web::{HttpRequest, HttpResponse, web::ThinData};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    service::MemberService,
    user::UserId,
};
use utoipa::IntoResponses;

pub(super) const PATH: &str = "/v1/group_members";

/// List the members of a group, page by page
///
/// Needs the scope `groups:read`. At least one of `id`, `uuid` and `name` is required. If several are given, the first
/// in this order decides. An empty parameter is ignored.
///
/// Members are in the order of their users' ids, with the administrator among them. A client that follows `Link` sees
/// each member once, even while others join and leave.
#[utoipa::path(
    get,
    path = "/v1/group_members",
    operation_id = "listMembers",
    tag = "members",
    security(("GoChat-Token" = [])),
    params(GroupKeyParams, PageParams),
    responses(Replies)
)]
pub(in crate::http) async fn list(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(members): ThinData<MemberService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let query = Pairs::of(request.query_string());
    let key = query.required_group_key()?;
    let PageQuery { after, size } = PageQuery::parse(&query, UserId::parse)?;
    let page = members.members(permit, &key, after, size).await?.ok_or_else(ApiError::group_not_found)?;
    // Links have the id, so that a walk that began with a name goes on after the group was renamed.
    let target = page.items.first().map(|member| format!("{PATH}?id={}", member.group_id));
    Ok(page::reply(
        &base_path,
        &target.unwrap_or_default(),
        size,
        page.next_after.map(UserId::get),
        page.items.iter().map(GroupMemberBody::from),
    ))
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let page = page::description::<GroupMemberBody>(
            "A page of members in the order of their users' ids",
            &examples::administrator_in_list(),
            r#"</v1/group_members?id=1&limit=1&after=1>; rel="next""#,
        );
        let codes = [
            Code::GroupNotFound,
            Code::InvalidLimit,
            Code::InvalidAfter,
            Code::InvalidId,
            Code::InvalidUuid,
            Code::InvalidName,
        ];
        replies([("200", page)], GroupsRead::ANY_OF, &codes)
    }
}
