//! Validated settings, by section.

use super::{AllowedOrigins, BasePath, Bind, SocketMode, TrustedProxies};
use crate::hosts::Hosts;
use gochat_adapters::{DatabaseOptions, DatabaseUrl};
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// Settings of the public listener.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Its address.
    pub bind: Bind,
    /// Mode of the Unix socket, if the listener creates one.
    pub socket_mode: SocketMode,
    /// Path prefix under which a proxy serves the API.
    pub base_path: BasePath,
    /// Number of worker threads.
    pub workers: usize,
    /// Maximum number of connections.
    pub max_connections: usize,
    /// Longest time that a connection may be idle between requests.
    pub keep_alive: Duration,
    /// Longest time a client may take to send a request.
    pub request_timeout: Duration,
    /// Time between a signal to stop and closing the listener. `/readyz` answers 503 meanwhile.
    pub shutdown_delay: Duration,
    /// Longest time at shutdown for requests in flight and queued writes.
    pub shutdown_timeout: Duration,
    /// Origins whose pages may call the API from a browser.
    pub allowed_origins: AllowedOrigins,
    /// Proxies whose forwarding headers are trusted.
    pub trusted_proxies: TrustedProxies,
    /// Hosts that are served: only this machine while the development key is on, otherwise every host.
    pub hosts: Hosts,
}

/// Settings of the database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// URL of the database.
    pub url: DatabaseUrl,
    /// True if pending migrations run at start.
    pub migrate_on_start: bool,
    /// Connections and timeouts.
    pub options: DatabaseOptions,
}

/// Settings of the log.
#[derive(Debug, Clone, Copy)]
pub struct LogSettings {
    /// The least severe level that is logged.
    pub level: LevelFilter,
    /// Format of a line.
    pub format: LogFormat,
}

/// Format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}
