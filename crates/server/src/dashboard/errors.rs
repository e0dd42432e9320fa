//! The tab *Errors*: the last requests that were refused or failed.

use super::{
    access::Session,
    page::{self, Layout, Reply, Tab},
    routes::{get_or_head, path},
};
use crate::http::{Refusal, Refusals};
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
struct Row(Refusal);

pub(super) fn configure(server: &mut ServiceConfig) {
    server.service(path("/errors", "GET, HEAD").route(get_or_head().to(show)));
}

async fn show(session: Session, ThinData(refusals): ThinData<Refusals>) -> Reply {
    let refusals = refusals.last().into_iter().map(Row).collect();
    let layout = session.layout(Tab::Errors);
    page::show(StatusCode::OK, &ErrorsPage { layout, kept: Refusals::KEPT, refusals })
}

impl Row {
    /// The date, and the time in milliseconds.
    fn time(&self) -> String {
        let time = self.0.at.to_string();
        let [date, time] = [time.get(..10), time.get(11..23)].map(Option::unwrap_or_default);
        format!("{date} {time}")
    }

    /// The method and the pattern of the path.
    fn request(&self) -> String {
        format!("{} {}", self.0.method, self.0.route)
    }

    fn status(&self) -> u16 {
        self.0.status.as_u16()
    }

    /// True if the service, not the client, is at fault.
    fn is_failure(&self) -> bool {
        self.0.status.is_server_error()
    }

    /// The key's id; a dash if the request had no valid key.
    fn key(&self) -> String {
        match self.0.key {
            None => "–".to_owned(),
            Some(KeyId::DEVELOPMENT) => "development key".to_owned(),
            Some(key) => key.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Code;
    use gochat_domain::clock::Timestamp;
    use uuid::Uuid;

    #[test]
    fn a_row_shows_a_refusal() {
        let refusal = |status, key| {
            Row(Refusal {
                at: Timestamp::from_unix_micros(1_763_868_830_363_813).unwrap(),
                method: "GET",
                route: "/v1/group/{id}".to_owned(),
                status,
                code: Code::GroupNotFound,
                key,
                request_id: "id-1".into(),
            })
        };
        let row = refusal(StatusCode::NOT_FOUND, None);
        assert_eq!(
            (row.time(), row.request()),
            ("2025-11-23 03:33:50.363".into(), "GET /v1/group/{id}".into())
        );
        assert_eq!((row.status(), row.is_failure(), row.key()), (404, false, "–".into()));
        let row = refusal(StatusCode::SERVICE_UNAVAILABLE, Some(KeyId::DEVELOPMENT));
        assert_eq!((row.status(), row.is_failure(), row.key()), (503, true, "development key".into()));
        let row = refusal(StatusCode::NOT_FOUND, Some(KeyId(Uuid::from_u128(7))));
        assert_eq!(row.key(), "00000000-0000-0000-0000-000000000007");
    }
}
