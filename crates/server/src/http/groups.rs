//! `/v1/group`

mod request;
mod response;

use super::{auth::Authenticated, body::JsonBody, error::ApiError};
use actix_web::{
    HttpResponse, Resource,
    http::header::LOCATION,
    web::{self, ThinData},
};
use gochat_domain::{auth::Scope, service::GroupService};
use response::GroupBody;

/// The path of all groups.
pub(super) fn collection() -> Resource {
    web::resource("/v1/group")
        .route(web::post().to(create))
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::method_not_allowed("POST")) }))
}

/// Creates a group. The caller is known, and may do this, before the body is read.
async fn create(
    Authenticated(caller): Authenticated,
    ThinData(groups): ThinData<GroupService>,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::GroupsWrite)?;
    let request = request::parse(&body.read().await?)?;
    let group = groups.create(request).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/group/{}", group.id)))
        .json(GroupBody::from(&group)))
}
