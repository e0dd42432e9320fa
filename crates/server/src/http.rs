//! The HTTP API: routes, and what every reply has in common.

mod app;
mod auth;
mod body;
mod client;
mod connection;
mod cors;
mod docs;
pub(crate) mod edge;
mod envelope;
mod error;
mod groups;
mod headers;
mod metrics;
pub(crate) mod openapi;
mod replies;
mod request_id;
mod routes;
mod server;
#[cfg(test)]
mod testing;
mod trace_id;
mod unread;

pub use app::Services;
pub(crate) use connection::Limits;
pub use metrics::HttpMetrics;
pub(crate) use server::LINGER;
pub use server::serve;
