//! The HTTP API: routes, middleware and the server.

mod app;
mod auth;
mod body;
mod client;
mod connection;
mod cors;
mod docs;
mod envelope;
mod error;
mod groups;
mod headers;
pub(crate) mod http_server;
mod json;
mod lines;
mod members;
mod metrics;
pub(crate) mod openapi;
mod page;
mod query;
mod refusals;
mod replies;
mod request_id;
mod routes;
mod server;
#[cfg(test)]
mod testing;
mod trace_id;
mod unread_body;

pub use app::Services;
pub(crate) use connection::{BodySignals, OpenReply, Timeouts};
pub(crate) use error::Code;
pub(crate) use lines::NDJSON;
pub use lines::Streams;
pub use metrics::HttpMetrics;
pub(crate) use refusals::{Refusal, Refusals};
pub(crate) use routes::get_or_head;
pub(crate) use server::LINGERING_CLOSE;
pub use server::serve;
