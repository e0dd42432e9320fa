//! The tab *Errors*: the last requests that were refused or failed.

use super::{
    access::Session,
    moment::Moment,
    page::{self, Layout, Reply, Tab},
    routes::{get_or_head, path},
};
use crate::http::{Code, Refusal, Refusals};
use actix_web::{
    http::StatusCode,
    web::{ServiceConfig, ThinData},
};
use askama::Template;
use gochat_domain::auth::KeyId;

#[derive(Template)]
#[template(path = "errors/errors.html")]
struct ErrorsPage {
    layout: Layout,
    kept: usize,
    refusals: Vec<Row>,
}

/// A row of the table.
struct Row {
    at: Moment,
    /// The method and the pattern of the path.
    request: String,
    status: u16,
    /// True if the service, not the client, is at fault.
    is_failure: bool,
    code: Code,
    /// The key's id; a dash if the request had no valid key.
    key: String,
    request_id: Box<str>,
}

pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(path("/errors", "GET, HEAD").route(get_or_head().to(show)));
}

async fn show(session: Session, ThinData(refusals): ThinData<Refusals>) -> Reply {
    let refusals = refusals.last().into_iter().map(Row::from).collect();
    let layout = session.layout(Tab::Errors);
    page::show(StatusCode::OK, &ErrorsPage { layout, kept: Refusals::KEPT, refusals })
}

impl From<Refusal> for Row {
    fn from(refusal: Refusal) -> Self {
        Self {
            at: Moment(refusal.at),
            request: format!("{} {}", refusal.method, refusal.route),
            status: refusal.status.as_u16(),
            is_failure: refusal.status.is_server_error(),
            code: refusal.code,
            key: match refusal.key {
                None => "–".to_owned(),
                Some(KeyId::DEVELOPMENT) => "development key".to_owned(),
                Some(key) => key.to_string(),
            },
            request_id: refusal.request_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::clock::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_row_shows_a_refusal() {
        let row = |status, key| {
            Row::from(Refusal {
                at: Timestamp::from_unix_micros(1_763_868_830_363_813).unwrap(),
                method: "GET",
                route: "/v1/group/{id}".to_owned(),
                status,
                code: Code::GroupNotFound,
                key,
                request_id: "id-1".into(),
            })
        };
        let refused = row(StatusCode::NOT_FOUND, None);
        assert_eq!(
            (refused.at.human(), &*refused.request),
            ("2025-11-23 03:33:50".into(), "GET /v1/group/{id}")
        );
        assert_eq!((refused.status, refused.is_failure, &*refused.key), (404, false, "–"));
        let failed = row(StatusCode::SERVICE_UNAVAILABLE, Some(KeyId::DEVELOPMENT));
        assert_eq!((failed.status, failed.is_failure, &*failed.key), (503, true, "development key"));
        let of_key = row(StatusCode::NOT_FOUND, Some(KeyId(Uuid::from_u128(7))));
        assert_eq!(of_key.key, "00000000-0000-0000-0000-000000000007");
    }
}
