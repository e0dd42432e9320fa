//! The tab *Groups*.

use super::{
    access::Session,
    page::{self, Layout, Reply, Tab},
    routes::{get_or_head, path},
};
use actix_web::{http::StatusCode, web::ServiceConfig};
use askama::Template;

#[derive(Template)]
#[template(path = "groups/groups.html")]
struct GroupsPage {
    layout: Layout,
}

pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(path("/groups", "GET, HEAD").route(get_or_head().to(show)));
}

async fn show(session: Session) -> Reply {
    page::show(StatusCode::OK, &GroupsPage { layout: session.layout(Tab::Groups) })
}
