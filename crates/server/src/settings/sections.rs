//! The settings of each section, valid.

use super::{AllowedOrigins, BasePath, Bind, SocketMode, TrustedProxies};
use crate::hosts::Hosts;
use gochat_adapters::{DatabaseOptions, DatabaseUrl};
use std::time::Duration;
use tracing::level_filters::LevelFilter;

/// The public listener.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where it listens.
    pub bind: Bind,
    /// The mode of its Unix socket, where it makes one.
    pub socket_mode: SocketMode,
    /// The path under which a proxy serves it.
    pub base_path: BasePath,
    /// Threads that serve requests.
    pub workers: usize,
    /// The most connections.
    pub max_connections: usize,
    /// How long a connection may wait for its next request.
    pub keep_alive: Duration,
    /// How long a client may take to send a request.
    pub request_timeout: Duration,
    /// How long the listener stays open after a signal to stop, while `/readyz` already says so.
    pub shutdown_delay: Duration,
    /// How long requests in flight may take to end at shutdown, and what is queued to be stored.
    pub shutdown_timeout: Duration,
    /// Whose pages may call from a browser.
    pub allowed_origins: AllowedOrigins,
    /// The proxies whose word on the client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// The hosts that it serves. This follows from the development key.
    pub hosts: Hosts,
}

/// The database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Where it is.
    pub url: DatabaseUrl,
    /// Whether pending migrations run at start.
    pub migrate_on_start: bool,
    /// How it is used.
    pub options: DatabaseOptions,
}

/// The logs.
#[derive(Debug, Clone, Copy)]
pub struct LogSettings {
    /// The least important lines that are written.
    pub level: LevelFilter,
    /// Their form.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// A JSON object a line.
    Json,
}
