//! The tab *Errors*.

use super::{
    access::Session,
    page::{self, Layout, Reply, Tab},
    routes::{get_or_head, path},
};
use actix_web::{http::StatusCode, web::ServiceConfig};
use askama::Template;

#[derive(Template)]
#[template(path = "errors/errors.html")]
struct ErrorsPage {
    layout: Layout,
}

pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(path("/errors", "GET, HEAD").route(get_or_head().to(show)));
}

async fn show(session: Session) -> Reply {
    page::show(StatusCode::OK, &ErrorsPage { layout: session.layout(Tab::Errors) })
}
