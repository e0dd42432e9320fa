//! The tab *Keys*: lists, makes and revokes API keys.

mod create;
mod example;
mod list;
mod revoke;

pub(crate) use example::ApiUrl;

use super::routes::{get_or_head, path};
use actix_web::web::{self, ServiceConfig};

pub(super) fn configure(server: &mut ServiceConfig) {
    server
        .service(
            path("/keys", "GET, HEAD, POST")
                .route(get_or_head().to(list::show))
                .route(web::post().to(create::create)),
        )
        .service(path("/keys/{id}/revoke", "POST").route(web::post().to(revoke::revoke)));
}
