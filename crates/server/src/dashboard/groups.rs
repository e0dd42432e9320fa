//! The tab *Groups*: finds, renames, hands over and deletes groups.

mod change;
mod delete;
mod group_page;
mod refusal;
mod search;

use super::{
    access::Session,
    page::{self, Reply, Tab},
    routes::{get_or_head, path},
};
use actix_web::web::{self, ServiceConfig};

pub(super) fn configure(server: &mut ServiceConfig) {
    server
        .service(path("/groups", "GET, HEAD").route(get_or_head().to(search::show)))
        .service(path("/groups/{id}", "GET, HEAD").route(get_or_head().to(group_page::show)))
        .service(path("/groups/{id}/rename", "POST").route(web::post().to(change::rename)))
        .service(path("/groups/{id}/hand-over", "POST").route(web::post().to(change::hand_over)))
        .service(path("/groups/{id}/delete", "POST").route(web::post().to(delete::delete)));
}

fn no_such_group(session: &Session) -> Reply {
    page::no_such_thing(session.layout(Tab::Groups), "There is no such group.")
}
