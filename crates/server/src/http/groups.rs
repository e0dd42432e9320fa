//! `/v1/group`

mod idempotency;
mod query;

use super::{auth::Authenticated, body::JsonBody, error::ApiError};
use crate::wire::{self, GroupBody};
use actix_web::{
    HttpRequest, HttpResponse, Resource, Route,
    guard::{Any, Get, Head},
    http::header::{LINK, LOCATION},
    web::{self, ThinData},
};
use gochat_domain::{
    auth::Scope,
    group::{GroupId, GroupKey, Idempotency},
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

fn get_or_head() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

fn not_allowed(allowed: &'static str) -> Route {
    web::to(move || async move { Err::<&str, _>(ApiError::method_not_allowed(allowed)) })
}

/// Creates a group. The caller is known, and may do this, before the body is read.
async fn create(
    Authenticated(caller): Authenticated,
    ThinData(groups): ThinData<GroupService>,
    request: HttpRequest,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::GroupsWrite)?;
    let key = idempotency::sent_key(request.headers())?;
    let wanted = wire::parse(&body.read().await?)?;
    let mut response = HttpResponse::Created();
    let group = match key {
        None => groups.create(wanted).await?,
        Some(key) => {
            let created = groups.create_once(wanted, Idempotency { caller: caller.key_id, key }).await?;
            if created.replayed {
                response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
            }
            created.group
        }
    };
    Ok(response.insert_header((LOCATION, format!("/v1/group/{}", group.id))).json(GroupBody::from(&group)))
}

/// The group that the path names.
async fn find(
    Authenticated(caller): Authenticated,
    ThinData(groups): ThinData<GroupService>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::GroupsRead)?;
    // Of what is no id, there is no group.
    let id = GroupId::parse(&id).map_err(|_| ApiError::group_not_found())?;
    one(&groups, &GroupKey::Id(id)).await
}

/// One group or a page of them, as the query asks.
async fn look_up(
    Authenticated(caller): Authenticated,
    ThinData(groups): ThinData<GroupService>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::GroupsRead)?;
    match query::parse(request.query_string())? {
        Query::One(key) => one(&groups, &key).await,
        Query::Page { after, size } => {
            let page = groups.list(after, size).await?;
            let mut response = HttpResponse::Ok();
            if let Some(next) = page.next_after {
                // RFC 8288.
                let link = format!("</v1/group?limit={}&after={next}>; rel=\"next\"", size.get());
                response.insert_header((LINK, link));
            }
            Ok(response.json(page.groups.iter().map(GroupBody::from).collect::<Vec<_>>()))
        }
    }
}

async fn one(groups: &GroupService, key: &GroupKey) -> Result<HttpResponse, ApiError> {
    let group = groups.find(key).await?.ok_or_else(ApiError::group_not_found)?;
    Ok(HttpResponse::Ok().json(GroupBody::from(&group)))
}
