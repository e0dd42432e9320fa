//! The settings and their limits.

mod admin;
mod base_path;
mod bind;
mod descriptors;
mod layers;
mod origins;
mod profile;
mod proxies;
mod sections;

pub use admin::{AdminSettings, TlsFiles};
pub use base_path::BasePath;
pub use bind::{AdminBind, Bind, SocketMode};
pub(crate) use descriptors::{SPARE_CONNECTIONS, raise_file_limit};
pub use layers::SettingError;
pub use origins::AllowedOrigins;
pub use profile::{Profile, UnknownProfile};
pub use proxies::TrustedProxies;
pub use sections::{DatabaseSettings, HttpSettings, LogFormat, LogSettings};

use crate::hosts::Hosts;
use bind::InvalidBind;
use gochat_adapters::{CommitOptions, DatabaseOptions};
use gochat_domain::limits::{Limit, Limits};
use layers::Layers;
use std::{num::NonZero, thread, time::Duration};
use tracing::level_filters::LevelFilter;

/// All settings, validated.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The profile that was loaded.
    pub profile: Profile,
    /// Settings of the public listener.
    pub http: HttpSettings,
    /// Settings of the admin listener.
    pub admin: AdminSettings,
    /// Settings of the database.
    pub database: DatabaseSettings,
    /// Settings of the write queue.
    pub writer: CommitOptions,
    /// Time for which an Idempotency-Key is remembered.
    pub idempotency_keep: Duration,
    /// True if the development key is accepted, with every scope.
    pub development_key: bool,
    /// Settings of the log.
    pub log: LogSettings,
    /// The settings in force as TOML, with secrets redacted.
    table: toml::Table,
}

const LEVELS: [(&str, LevelFilter); 5] = [
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

impl Settings {
    /// Loads the layers of `profile`, with `variables` of the environment as the last one, and validates every
    /// setting.
    pub fn load(
        profile: Profile,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingError> {
        let layers = Layers::read(profile, variables.into_iter().collect())?;
        let timeout = layers.duration("database.timeout", 1..=60)?;
        let development_key = layers.parsed("auth.development_key", "true or false")?;
        let workers = match layers.number("http.workers", 0..=1024)? {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            workers => workers,
        };
        let settings = Self {
            profile,
            http: HttpSettings {
                bind: layers.parsed_with_hint("http.bind", InvalidBind::expected)?,
                socket_mode: layers.quoted("http.socket_mode", SocketMode::EXPECTED)?,
                workers,
                max_connections: descriptors::max_connections(&layers, workers)?,
                keep_alive: layers.duration("http.keep_alive", 1..=3600)?,
                base_path: layers.parsed("http.base_path", BasePath::EXPECTED)?,
                request_timeout: layers.duration("http.request_timeout", 1..=300)?,
                shutdown_delay: layers.duration("http.shutdown_delay", 0..=600)?,
                shutdown_timeout: layers.duration("http.shutdown_timeout", 0..=600)?,
                allowed_origins: layers.parsed("http.allowed_origins", AllowedOrigins::EXPECTED)?,
                trusted_proxies: layers.parsed("http.trusted_proxies", TrustedProxies::EXPECTED)?,
                // The development key is public, so any page in a browser on this machine could use it.
                hosts: if development_key { Hosts::Loopback } else { Hosts::Any },
            },
            admin: AdminSettings::read(&layers)?,
            database: DatabaseSettings {
                url: layers.database_url("database.url")?,
                migrate_on_start: layers.parsed("database.migrate_on_start", "true or false")?,
                options: DatabaseOptions {
                    pool_size: layers.number("database.pool_size", 1..=1000)?,
                    read_queue: layers.number("database.read_queue", 1..=1_000_000)?,
                    timeout,
                    prepared_statements: layers.parsed("database.prepared_statements", "true or false")?,
                },
            },
            writer: CommitOptions {
                batch: layers.number("writer.batch", 1..=10_000)?,
                queue: layers.number("writer.queue", 1..=1_000_000)?,
                writers: layers.number("writer.writers", 1..=64)?,
                timeout,
                limits: Limits {
                    groups: limit(&layers, "limits.groups")?,
                    groups_per_administrator: limit(&layers, "limits.groups_per_administrator")?,
                    members_per_group: limit(&layers, "limits.members_per_group")?,
                },
            },
            idempotency_keep: layers.duration("idempotency.keep", 60..=2_592_000)?,
            development_key,
            log: LogSettings {
                level: layers.one_of("log.level", &LEVELS)?,
                format: layers
                    .one_of("log.format", &[("pretty", LogFormat::Pretty), ("json", LogFormat::Json)])?,
            },
            table: layers.to_table(),
        };
        settings.check_development_key(&layers)?;
        Ok(settings)
    }

    /// Rejects the development key where other machines can reach the service, because the key is public.
    fn check_development_key(&self, layers: &Layers) -> Result<(), SettingError> {
        if !self.development_key {
            return Ok(());
        }
        let expected = match self.http.bind {
            _ if self.profile == Profile::Production => "false in the profile production".to_owned(),
            Bind::Address(address) if !address.ip().is_loopback() => {
                format!(
                    "false while http.bind = {address} is not a loopback address, because the development key is public"
                )
            }
            // Only this machine can reach a Unix socket. A socket from systemd is checked once it is open.
            _ => return Ok(()),
        };
        let instead = "make a real key with `gochat keys create --name NAME --scope groups:write`";
        Err(layers.refused("auth.development_key", "true", format!("{expected}; {instead}")))
    }

    /// Returns every setting in force as TOML, with secrets redacted.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&self.table)
    }
}

fn limit(layers: &Layers, setting: &str) -> Result<Limit, SettingError> {
    layers.number(setting, 0..=u32::MAX).map(Limit)
}

#[cfg(test)]
mod tests;
