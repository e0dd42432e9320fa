//! `GET /v1/group`

use super::{
    one,
    query::{self, Query},
};
use crate::{
    http::{
        auth::Authenticated,
        error::{ApiError, Code},
        replies::{RepliesByStatus, examples, reference, replies, success, text},
    },
    settings::BasePath,
    wire::GroupBody,
};
use actix_web::{HttpRequest, HttpResponse, http::header::LINK, web::ThinData};
use gochat_domain::{
    auth::{GrantableScope, GroupsRead},
    page::PageSize,
    service::GroupService,
};
use serde_json::json;
use utoipa::{IntoResponses, openapi::ArrayBuilder};

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
    params(
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "Maximum number of groups on a page; 100 by default"),
        ("after" = Option<i64>, Query, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, description = "Return only groups with a greater id"),
    ),
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
        Query::Page { after, size } => {
            let page = groups.list(permit, after, size).await?;
            let mut response = HttpResponse::Ok();
            if let Some(next) = page.next_after {
                // RFC 8288.
                let target = base_path.prefixed(&format!("/v1/group?limit={}&after={next}", size.get()));
                response.insert_header((LINK, format!("<{target}>; rel=\"next\"")));
            }
            Ok(response.json(page.items.iter().map(GroupBody::from).collect::<Vec<_>>()))
        }
    }
}

/// The replies, as OpenAPI describes them.
struct Replies;

impl IntoResponses for Replies {
    fn responses() -> RepliesByStatus {
        let page =
            ArrayBuilder::new().items(reference::<GroupBody>()).max_items(Some(PageSize::MAX.get().into()));
        let page =
            success("A page of groups in the order of ids", page, [("page", json!([examples::group()]))])
                .header(
                    LINK.as_str(),
                    text(Some("The next page, where there is one (RFC 8288)"), examples::LINK),
                );
        replies([("200", page)], GroupsRead::ANY_OF, &[Code::InvalidLimit, Code::InvalidAfter])
    }
}
