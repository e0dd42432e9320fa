//! The tab *Now*.

use super::{
    access::Session,
    page::{self, Layout, Reply, Tab},
    routes::{get_or_head, path},
};
use actix_web::{http::StatusCode, web::ServiceConfig};
use askama::Template;

/// State of the tab.
#[derive(Clone)]
pub(crate) struct Now {}

#[derive(Template)]
#[template(path = "now/now.html")]
struct NowPage {
    layout: Layout,
}

pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(path("/", "GET, HEAD").route(get_or_head().to(show)));
}

async fn show(session: Session) -> Reply {
    page::show(StatusCode::OK, &NowPage { layout: session.layout(Tab::Now) })
}
