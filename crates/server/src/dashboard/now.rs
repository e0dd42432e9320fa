//! The tab *Now*: the figures of the last 15 minutes.
//!
//! ```text
//! metrics → Sampler, once a second → Past, 15 minutes → the page
//!                                  ↘ events           → streams of events, which begin with the past
//! ```
//! Nothing of this runs on the workers of the public listener. Without a reader, a sample costs only a walk over the
//! metrics.

mod cards;
mod counts;
mod database_state;
mod event;
mod facts;
mod histogram;
mod live;
mod minutes;
mod past;
mod sample;
mod sampler;
mod stream;
#[cfg(test)]
mod testing;

pub(crate) use database_state::DatabaseState;
pub(crate) use facts::Facts;
pub(crate) use live::Live;
pub(crate) use sampler::Sampler;

use super::{
    access::Session,
    page::{self, Layout, Reply, Tab},
    routes::{get_or_head, path},
};
use actix_web::{
    http::StatusCode,
    web::{self, ServiceConfig, ThinData},
};
use askama::Template;
use live::Summary;
use std::time::Instant;

/// State of the tab.
#[derive(Clone)]
pub(crate) struct Now {
    /// The figures.
    pub(crate) live: Live,
    /// Facts that never change.
    pub(crate) facts: Facts,
}

/// A chart of the page. `now.js` draws it.
struct Chart {
    name: &'static str,
    title: &'static str,
}

const CHARTS: [Chart; 6] = [
    Chart { name: "rates", title: "Requests per second" },
    Chart { name: "medians", title: "Median latency, ms" },
    Chart { name: "slowest", title: "99th percentile of latency, ms" },
    Chart { name: "commits", title: "Commit time, ms" },
    Chart { name: "batch", title: "Batch size: writes in a transaction" },
    Chart { name: "queue", title: "Waiting writes" },
];

#[derive(Template)]
#[template(path = "now/now.html")]
struct NowPage {
    layout: Layout,
    facts: Facts,
    summary: Summary,
    charts: &'static [Chart],
}

pub(super) fn configure(server: &mut ServiceConfig) {
    server
        .service(path("/", "GET, HEAD").route(get_or_head().to(show)))
        .service(path("/events", "GET").route(web::get().to(stream::send)));
}

async fn show(session: Session, ThinData(now): ThinData<Now>) -> Reply {
    let summary = now.live.summary(Instant::now());
    let layout = session.layout(Tab::Now);
    page::show(StatusCode::OK, &NowPage { layout, facts: now.facts, summary, charts: &CHARTS })
}
