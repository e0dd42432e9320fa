//! `GET /v1/group`

use super::{
    one,
    query::{self, Query},
};
use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, Code},
        page::{self, PageParams, PageQuery},
        replies::{RepliesByStatus, examples, replies},
    },
    settings::BasePath,
    wire::GroupBody,
};
use actix_web::{HttpRequest, HttpResponse, web::ThinData};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    group::GroupId,
    service::GroupService,
};
use utoipa::IntoResponses;

const PATH: &str = "/v1/group";

/// List groups, page by page
///
/// Needs the scope `groups:read`. Groups are in the order of their ids. A client that follows `Link` sees each group
/// once, even while others are created.
///
/// The parameters `id`, `uuid` and `name` are not described here: without `limit`, they make the reply a single group
/// instead of an array, and generated clients cannot handle both. Use `GET /v1/group_lookup` instead.
#[utoipa::path(
    get,
    path = "/v1/group",
    operation_id = "listGroups",
    tag = "groups",
    security(("GoChat-Token" = [])),
    params(PageParams),
    responses(Replies)
)]
pub(in crate::http) async fn list(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(groups): ThinData<GroupService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    match query::parse(request.query_string())? {
        Query::One(key) => one::find(&groups, permit, &key, request.headers()).await,
        Query::Page(PageQuery { after, size }) => {
            let page = groups.list(permit, after, size).await?;
            let next_after = page.next_after.map(GroupId::get);
            Ok(page::reply(&base_path, PATH, size, next_after, page.items.iter().map(GroupBody::from)))
        }
    }
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let page = page::description::<GroupBody>(
            "A page of groups in the order of ids",
            &examples::group(),
            examples::LINK,
        );
        replies([("200", page)], GroupsRead::ANY_OF, &[Code::InvalidLimit, Code::InvalidAfter])
    }
}
