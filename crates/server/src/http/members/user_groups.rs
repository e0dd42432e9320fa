//! `GET /v1/user_joined_groups` and `GET /v1/user_created_groups`

use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, Code},
        page::{self, PageParams, PageQuery},
        query::{Pairs, UserIdParam},
        replies::{RepliesByStatus, examples, replies},
    },
    settings::BasePath,
    wire::GroupBody,
};
use actix_web::{HttpRequest, HttpResponse, web::ThinData};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    group::{Group, GroupId},
    page::{Page, PageSize},
    ports::StorageError,
    service::MemberService,
    user::UserId,
};
use utoipa::IntoResponses;

pub(super) const JOINED: &str = "/v1/user_joined_groups";
pub(super) const CREATED: &str = "/v1/user_created_groups";

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
    responses(JoinedReplies)
)]
pub(in crate::http) async fn joined(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(members): ThinData<MemberService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let page = async |user, after, size| members.joined_groups(permit, user, after, size).await;
    reply(&base_path, JOINED, &request, page).await
}

/// List the groups that a user administers, page by page
///
/// Needs the scope `groups:read`. The groups are in the order of their ids. A group that was handed over belongs to its present administrator.
/// A client that follows `Link` sees each group once, even while others come and go.
///
/// Users are in the identity service, so a user is found by the id alone.
#[utoipa::path(
    get,
    path = "/v1/user_created_groups",
    operation_id = "listCreatedGroups",
    tag = "members",
    security(("GoChat-Token" = [])),
    params(UserIdParam, PageParams),
    responses(CreatedReplies)
)]
pub(in crate::http) async fn created(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(members): ThinData<MemberService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let page = async |user, after, size| members.administered_groups(permit, user, after, size).await;
    reply(&base_path, CREATED, &request, page).await
}

/// Replies with the page of the list at `path` that the request selects.
async fn reply(
    base_path: &BasePath,
    path: &str,
    request: &HttpRequest,
    page: impl AsyncFnOnce(UserId, Option<GroupId>, PageSize) -> Result<Page<Group, GroupId>, StorageError>,
) -> Result<HttpResponse, ApiError> {
    let query = Pairs::of(request.query_string());
    let user = query.user_id()?;
    let PageQuery { after, size } = PageQuery::parse(&query, GroupId::parse)?;
    let page = page(user, after, size).await?;
    Ok(page::reply(
        base_path,
        &format!("{path}?id={}", user.get()),
        size,
        page.next_after.map(GroupId::get),
        page.items.iter().map(GroupBody::from),
    ))
}

/// The replies of [`joined`], as OpenAPI describes them.
struct JoinedReplies;

impl IntoResponses for JoinedReplies {
    fn responses() -> RepliesByStatus {
        descriptions(JOINED)
    }
}

/// The replies of [`created`], as OpenAPI describes them.
struct CreatedReplies;

impl IntoResponses for CreatedReplies {
    fn responses() -> RepliesByStatus {
        descriptions(CREATED)
    }
}

fn descriptions(path: &str) -> RepliesByStatus {
    let page = page::description::<GroupBody>(
        "A page of groups in the order of ids",
        &examples::group(),
        &format!(r#"<{path}?id=1&limit=1&after=1>; rel="next""#),
    );
    let codes = [Code::InvalidLimit, Code::InvalidAfter, Code::InvalidId];
    replies([("200", page)], GroupsRead::ANY_OF, &codes)
}
