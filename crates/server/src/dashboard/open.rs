//! The one-time link, and the page that says how to get one. The link's page has a button, because a link preview or a
//! prefetch of the browser must not use it up.

use super::{
    access::{Access, Open},
    page::{self, Layout, Reply},
    routes::{OPEN, get_or_head, path},
};
use actix_web::{
    http::StatusCode,
    web::{self, Form, Query, ServiceConfig, ThinData},
};
use askama::Template;
use serde::Deserialize;

pub(super) fn configure(server: &mut ServiceConfig) {
    server
        .service(path(OPEN, "GET, HEAD, POST").route(get_or_head().to(show)).route(web::post().to(open)))
        .service(path("/", "GET, HEAD").route(get_or_head().to(|| async { page::no_session() })));
}

#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    secret: String,
}

#[derive(Template)]
#[template(path = "open.html")]
struct OpenPage {
    layout: Layout,
    secret: String,
}

async fn show(Query(Secret { secret }): Query<Secret>) -> Reply {
    page::show(StatusCode::OK, &OpenPage { layout: Layout::without_session("Open the dashboard"), secret })
}

/// Exchanges the link for a session.
async fn open(ThinData(access): ThinData<Access>, Form(Secret { secret }): Form<Secret>) -> Reply {
    match access.open(&secret).await? {
        Open::Session(session, cookie) => {
            let mut reply = session.redirect("");
            reply.add_cookie(&cookie).map_err(anyhow::Error::from)?;
            Ok(reply)
        }
        Open::InvalidLink => page::message(
            StatusCode::FORBIDDEN,
            "This link is not valid",
            "It was opened before, or is older than 10 minutes. `gochat dashboard` prints a new one.",
        ),
    }
}
