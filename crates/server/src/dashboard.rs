//! The dashboard: pages on the admin listener for operators. One module for each tab.
//!
//! [`access`] decides which requests are served. The handlers act as the operator, through the use cases of the domain.

mod access;
mod assets;
mod errors;
mod groups;
mod hexadecimal;
mod keys;
pub(crate) mod link;
mod moment;
mod now;
mod open;
mod page;
mod routes;

pub(crate) use access::{Access, Names};
pub(crate) use keys::ApiUrl;
pub(crate) use now::{DatabaseState, Facts, Now, Sampler};

use crate::http::Refusals;
use access::{SEGMENT, guard, session_guard};
use actix_web::{
    http::StatusCode,
    middleware::from_fn,
    web::{self, FormConfig, QueryConfig, ServiceConfig, ThinData},
};
use gochat_domain::service::{ApiKeyService, GroupService, MemberService};
use std::sync::Arc;

/// Dependencies of the handlers.
#[derive(Clone)]
pub(crate) struct Dashboard {
    /// The rules of access.
    pub(crate) access: Access,
    /// Use cases for groups.
    pub(crate) groups: GroupService,
    /// Use cases for members.
    pub(crate) members: MemberService,
    /// Use cases for keys.
    pub(crate) keys: Arc<ApiKeyService>,
    /// URL of the API, for examples.
    pub(crate) api: ApiUrl,
    /// State of the tab *Now*.
    pub(crate) now: Now,
    /// The last refused requests.
    pub(crate) refusals: Refusals,
}

/// Adds the pages.
pub(crate) fn configure(server: &mut ServiceConfig, dashboard: Dashboard) {
    let Dashboard { access, groups, members, keys, api, now, refusals } = dashboard;
    server
        .app_data(ThinData(access))
        .app_data(ThinData(groups))
        .app_data(ThinData(members))
        .app_data(ThinData(keys))
        .app_data(ThinData(api))
        .app_data(ThinData(now))
        .app_data(ThinData(refusals))
        .app_data(FormConfig::default().error_handler(|_, _| {
            page::refusal(StatusCode::UNPROCESSABLE_ENTITY, "The form cannot be read.")
        }))
        .app_data(
            QueryConfig::default()
                .error_handler(|_, _| page::refusal(StatusCode::BAD_REQUEST, "The address cannot be read.")),
        )
        .service(
            web::scope("")
                .wrap(from_fn(guard))
                .configure(assets::configure)
                .configure(open::configure)
                .service(
                    web::scope(&format!("/s/{{{SEGMENT}}}"))
                        .wrap(from_fn(session_guard))
                        .configure(now::configure)
                        .configure(groups::configure)
                        .configure(keys::configure)
                        .configure(errors::configure)
                        .default_service(web::to(not_found)),
                )
                .default_service(web::to(not_found)),
        );
}

async fn not_found() -> page::Reply {
    page::not_found("There is no such page.")
}
