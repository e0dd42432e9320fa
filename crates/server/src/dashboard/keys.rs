//! The tab *Keys*.

use super::{
    access::Session,
    page::{self, Layout, Reply, Tab},
    routes::{get_or_head, path},
};
use crate::listener::{ListenAddress, seen_from_here};
use actix_web::{http::StatusCode, web::ServiceConfig};
use askama::Template;

#[derive(Template)]
#[template(path = "keys/keys.html")]
struct KeysPage {
    layout: Layout,
}

pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(path("/keys", "GET, HEAD").route(get_or_head().to(show)));
}

async fn show(session: Session) -> Reply {
    page::show(StatusCode::OK, &KeysPage { layout: session.layout(Tab::Keys) })
}

/// How `curl` reaches the API: its URL, after the option for a Unix socket.
#[derive(Clone)]
pub(crate) struct ApiUrl(String);

impl ApiUrl {
    /// The URL of the API on the public listener.
    pub(crate) fn of(address: &ListenAddress) -> Self {
        Self(match address {
            ListenAddress::Tcp(address) => format!("http://{}", seen_from_here(*address)),
            ListenAddress::Unix(path) => format!("--unix-socket {path} http://localhost"),
        })
    }
}
