//! `/v1/group`

mod idempotency;
pub(super) mod query;
mod taken;

use super::{
    auth::Authenticated,
    body::JsonBody,
    error::ApiError,
    openapi::replies::{self, request},
    routes::{get_or_head, not_allowed},
};
use crate::{
    settings::BasePath,
    wire::{self, Fields, GroupBody},
};
use actix_web::{
    HttpRequest, HttpResponse, Resource,
    http::header::{LINK, LOCATION},
    web::{self, ThinData},
};
use gochat_domain::{
    auth::{GroupsRead, GroupsWrite, Permit},
    group::{Created, GroupId, GroupKey},
    ports::CreateGroupError,
    service::GroupService,
};
use query::Query;

pub(super) use idempotency::IDEMPOTENCY_REPLAYED;

/// The path of all groups.
pub(super) fn collection() -> Resource {
    web::resource("/v1/group")
        .route(web::post().to(create))
        .route(get_or_head().to(look_up))
        .default_service(not_allowed("GET, HEAD, POST"))
}

/// The path of one group.
pub(super) fn item() -> Resource {
    web::resource("/v1/group/{id}").route(get_or_head().to(find)).default_service(not_allowed("GET, HEAD"))
}

/// Create a group
///
/// A reply of 201 means that the group is on disk. A reply of 503 leaves open whether it is; asked again with the same
/// `Idempotency-Key`, the service answers as it would have.
// The caller is known, and may do this, before the body is read.
#[utoipa::path(
    post,
    path = "/v1/group",
    operation_id = "createGroup",
    tag = "groups",
    security(("GoChat-Token" = ["groups:write"])),
    params(
        (
            "Idempotency-Key" = Option<String>,
            Header,
            nullable = false,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$",
            description = "The same again with the same name, token and administrator is answered with the first reply, \
                           within 24 hours (a setting)",
        ),
    ),
    request_body(content = Fields, description = "At most 16384 bytes", example = request),
    responses(replies::Created)
)]
pub(super) async fn create(
    Authenticated { permit, caller }: Authenticated<GroupsWrite>,
    ThinData(groups): ThinData<GroupService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::sent_key(request.headers())?;
    let body = body.read().await?;
    let created = match groups.create(permit, wire::parse(&body)?, key).await {
        Err(CreateGroupError::NameTaken) => return Err(taken::refusal(&groups, caller, &body).await),
        created => created?,
    };
    let Created { group, replayed } = created;
    let mut response = HttpResponse::Created();
    if replayed {
        response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
    }
    let location = base_path.before(&format!("/v1/group/{}", group.id));
    Ok(response.insert_header((LOCATION, location)).json(GroupBody::from(&group)))
}

/// One group by its id
#[utoipa::path(
    get,
    path = "/v1/group/{id}",
    operation_id = "findGroup",
    tag = "groups",
    security(("GoChat-Token" = ["groups:read"])),
    params(("id" = i64, Path, minimum = 1, example = 1)),
    responses(replies::Found)
)]
pub(super) async fn find(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(groups): ThinData<GroupService>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    // Of what is no id, there is no group.
    let id = GroupId::parse(&id).map_err(|_| ApiError::group_not_found())?;
    one(&groups, permit, &GroupKey::Id(id)).await
}

/// Groups page by page, or one by what it is called
///
/// Of `limit`, `id`, `uuid` and `name`, in this order, the first that is given decides; what is empty is not given. Whoever follows `Link` meets each
/// group once, also while others are created.
#[utoipa::path(
    get,
    path = "/v1/group",
    operation_id = "lookUpGroups",
    tag = "groups",
    security(("GoChat-Token" = ["groups:read"])),
    params(
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "The most groups of a page; 100 if left out"),
        ("after" = Option<i64>, Query, minimum = 1, description = "The id that the page begins after; not looked at where one group is asked for"),
        ("id" = Option<i64>, Query, minimum = 1, description = "The id of the one group"),
        ("uuid" = Option<Uuid>, Query, description = "Its UUID"),
        ("name" = Option<String>, Query, description = "Its name"),
    ),
    responses(replies::LookedUp)
)]
pub(super) async fn look_up(
    Authenticated { permit, .. }: Authenticated<GroupsRead>,
    ThinData(groups): ThinData<GroupService>,
    ThinData(base_path): ThinData<BasePath>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    match query::parse(request.query_string())? {
        Query::One(key) => one(&groups, permit, &key).await,
        Query::Page { after, size } => {
            let page = groups.list(permit, after, size).await?;
            let mut response = HttpResponse::Ok();
            if let Some(next) = page.next_after {
                // RFC 8288.
                let target = base_path.before(&format!("/v1/group?limit={}&after={next}", size.get()));
                response.insert_header((LINK, format!("<{target}>; rel=\"next\"")));
            }
            Ok(response.json(page.groups.iter().map(GroupBody::from).collect::<Vec<_>>()))
        }
    }
}

async fn one(
    groups: &GroupService,
    permit: Permit<GroupsRead>,
    key: &GroupKey,
) -> Result<HttpResponse, ApiError> {
    let group = groups.find(permit, key).await?.ok_or_else(ApiError::group_not_found)?;
    Ok(HttpResponse::Ok().json(GroupBody::from(&group)))
}
