//! The settings: what can be set, and what it may be.

mod base_path;
mod bind;
mod descriptors;
mod layers;
mod origins;
mod profile;
mod proxies;

pub use base_path::BasePath;
pub use bind::{AdminBind, Bind, SocketMode};
pub(crate) use descriptors::{SPARE, raise_limit};
pub use layers::SettingError;
pub use origins::AllowedOrigins;
pub use profile::{Profile, UnknownProfile};
pub use proxies::TrustedProxies;

use crate::hosts::Hosts;
use gochat_adapters::{CommitOptions, DatabaseOptions, DatabaseUrl};
use layers::Layers;
use std::{num::NonZero, thread, time::Duration};
use tracing::level_filters::LevelFilter;

/// Every setting, valid.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which file the settings came from.
    pub profile: Profile,
    /// The public listener.
    pub http: HttpSettings,
    /// Where the admin listener listens.
    pub admin_bind: AdminBind,
    /// The database.
    pub database: DatabaseSettings,
    /// The writers of all that changes the database.
    pub writer: CommitOptions,
    /// How long an Idempotency-Key is remembered.
    pub idempotency_keep: Duration,
    /// Whether the key of the API page opens everything.
    pub development_key: bool,
    /// The logs.
    pub log: LogSettings,
    shown: toml::Table,
}

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

const LEVELS: [(&str, LevelFilter); 5] = [
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

impl Settings {
    /// Reads the layers of `profile`, the last of which are these environment variables, and checks every setting.
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
                bind: layers.parsed("http.bind", Bind::EXPECTED)?,
                socket_mode: layers.parsed("http.socket_mode", SocketMode::EXPECTED)?,
                workers,
                max_connections: descriptors::max_connections(&layers, workers)?,
                keep_alive: layers.duration("http.keep_alive", 1..=3600)?,
                base_path: layers.parsed("http.base_path", BasePath::EXPECTED)?,
                request_timeout: layers.duration("http.request_timeout", 1..=300)?,
                shutdown_delay: layers.duration("http.shutdown_delay", 0..=600)?,
                shutdown_timeout: layers.duration("http.shutdown_timeout", 0..=600)?,
                allowed_origins: layers.parsed("http.allowed_origins", AllowedOrigins::EXPECTED)?,
                trusted_proxies: layers.parsed("http.trusted_proxies", TrustedProxies::EXPECTED)?,
                // Everybody knows this key, so every page that a browser on this machine shows could use it.
                hosts: if development_key { Hosts::Loopback } else { Hosts::Any },
            },
            admin_bind: layers.parsed("admin.bind", AdminBind::EXPECTED)?,
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
            },
            idempotency_keep: layers.duration("idempotency.keep", 60..=2_592_000)?,
            development_key,
            log: LogSettings {
                level: layers.one_of("log.level", &LEVELS)?,
                format: layers
                    .one_of("log.format", &[("pretty", LogFormat::Pretty), ("json", LogFormat::Json)])?,
            },
            shown: layers.shown(),
        };
        settings.keep_the_development_key_at_home(&layers)?;
        Ok(settings)
    }

    /// Everybody knows the development key, so nobody from elsewhere may reach a service that accepts it.
    fn keep_the_development_key_at_home(&self, layers: &Layers) -> Result<(), SettingError> {
        if !self.development_key {
            return Ok(());
        }
        let expected = match self.http.bind {
            _ if self.profile == Profile::Production => "false in the profile production".to_owned(),
            Bind::Address(address) if !address.ip().is_loopback() => {
                format!(
                    "false while http.bind = {address} is not a loopback address, as everybody knows the development key"
                )
            }
            // A Unix socket is this machine's own. That of systemd is looked at when it is there.
            _ => return Ok(()),
        };
        let instead = "a real key is made by `gochat keys create --name NAME --scope groups:write`";
        Err(layers.refused("auth.development_key", "true", format!("{expected}; {instead}")))
    }

    /// Every setting in force, secrets hidden, as TOML.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(profile: Profile, environment: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::load(
            profile,
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn the_defaults_are_those_of_a_laptop() {
        let settings = load(Profile::Development, &[]).unwrap();
        assert_eq!(settings.http.bind.to_string(), "127.0.0.1:1213");
        assert_eq!(settings.admin_bind, AdminBind::Address("127.0.0.1:1214".parse().unwrap()));
        assert_eq!(settings.database.url.to_string(), "sqlite://data/gochat.sqlite");
        assert!(settings.development_key);
        assert_eq!(settings.log.format, LogFormat::Pretty);
    }

    #[test]
    fn production_accepts_no_development_key_and_logs_json() {
        let settings = load(Profile::Production, &[]).unwrap();
        assert!(!settings.development_key);
        assert_eq!(settings.log.format, LogFormat::Json);
    }

    #[test]
    fn the_environment_wins() {
        let environment =
            [("GOCHAT__DATABASE__URL", "sqlite::memory:"), ("GOCHAT__DATABASE__POOL_SIZE", "9")];
        let settings = load(Profile::Development, &environment).unwrap();
        assert_eq!(settings.database.url, DatabaseUrl::SqliteMemory);
        assert_eq!(settings.database.options.pool_size, 9);
    }

    #[test]
    fn what_cannot_be_set_so_is_refused_with_its_name_its_value_and_what_is_right() {
        let cases = [
            (
                "GOCHAT__HTTP__BIND",
                "here",
                "http.bind = \"here\" from the environment is refused: expected an address and a port, like 127.0.0.1:1213, unix:PATH, like unix:/run/gochat/http.sock, or systemd",
            ),
            (
                "GOCHAT__ADMIN__BIND",
                "1214",
                "admin.bind = \"1214\" from the environment is refused: expected an address and a port, like 127.0.0.1:1214, or systemd",
            ),
            (
                "GOCHAT__HTTP__SOCKET_MODE",
                "rw",
                "http.socket_mode = \"rw\" from the environment is refused: expected three octal digits, like 660",
            ),
            (
                "GOCHAT__HTTP__ALLOWED_ORIGINS",
                "chat.example.org",
                "http.allowed_origins = \"chat.example.org\" from the environment is refused: expected origins separated by commas, each in full, without * or a path, like https://chat.example.org; or loopback",
            ),
            (
                "GOCHAT__HTTP__ALLOWED_ORIGINS",
                "https://*.example.org",
                "http.allowed_origins = \"https://*.example.org\" from the environment is refused: expected origins separated by commas, each in full, without * or a path, like https://chat.example.org; or loopback",
            ),
            (
                "GOCHAT__HTTP__BASE_PATH",
                "api/",
                "http.base_path = \"api/\" from the environment is refused: expected nothing, or a path like /api: a slash before each part and none at the end, of letters, digits and - . _ ~",
            ),
            (
                "GOCHAT__HTTP__TRUSTED_PROXIES",
                "proxy.example.org",
                "http.trusted_proxies = \"proxy.example.org\" from the environment is refused: expected IP addresses and networks separated by commas, like 10.0.0.1, 10.1.0.0/16 or 2001:db8::/32, or unix",
            ),
            (
                "GOCHAT__DATABASE__POOL_SIZE",
                "0",
                "database.pool_size = \"0\" from the environment is refused: expected a whole number from 1 to 1000",
            ),
            (
                "GOCHAT__DATABASE__POOL_SIZE",
                "two",
                "database.pool_size = \"two\" from the environment is refused: expected a whole number from 1 to 1000",
            ),
            (
                "GOCHAT__DATABASE__READ_QUEUE",
                "0",
                "database.read_queue = \"0\" from the environment is refused: expected a whole number from 1 to 1000000",
            ),
            (
                "GOCHAT__DATABASE__TIMEOUT",
                "1h",
                "database.timeout = \"1h\" from the environment is refused: expected a duration from 1s to 60s, like 1s",
            ),
            (
                "GOCHAT__LOG__FORMAT",
                "xml",
                "log.format = \"xml\" from the environment is refused: expected pretty or json",
            ),
            (
                "GOCHAT__LOG__LEVEL",
                "loud",
                "log.level = \"loud\" from the environment is refused: expected error or warn or info or debug or trace",
            ),
            (
                "GOCHAT__AUTH__DEVELOPMENT_KEY",
                "maybe",
                "auth.development_key = \"maybe\" from the environment is refused: expected true or false",
            ),
        ];
        for (variable, value, message) in cases {
            let error = load(Profile::Development, &[(variable, value)]).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_database_url_that_is_refused_is_not_shown() {
        let environment = [("GOCHAT__DATABASE__URL", "mysql://u:secret@h/d")];
        let error = load(Profile::Development, &environment).unwrap_err().to_string();
        assert!(
            error.starts_with("database.url = \"mysql://…\" from the environment is refused: expected"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_setting_is_named() {
        let error = load(Profile::Development, &[("GOCHAT__HTTP__BNID", "x")]).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("http.bnid = \"…\" from the environment is refused: expected one of"),
            "{error}"
        );
        assert!(error.contains(" http.bind,"), "{error}");
    }

    #[test]
    fn the_development_key_is_refused_in_production_and_off_the_machine() {
        let production = load(Profile::Production, &[("GOCHAT__AUTH__DEVELOPMENT_KEY", "true")]).unwrap_err();
        assert!(production.to_string().contains("in the profile production"), "{production}");
        for address in ["0.0.0.0:1213", "[::]:1213", "192.0.2.1:80"] {
            let error =
                load(Profile::Development, &[("GOCHAT__HTTP__BIND", address)]).unwrap_err().to_string();
            assert!(error.contains(address) && error.contains("gochat keys create"), "{error}");
        }
        for address in
            ["127.0.0.1:1213", "127.9.9.9:1", "[::1]:1213", "unix:/run/gochat/http.sock", "systemd"]
        {
            assert!(load(Profile::Development, &[("GOCHAT__HTTP__BIND", address)]).is_ok(), "{address}");
        }
    }

    #[test]
    fn the_settings_in_force_are_shown_without_secrets() {
        let environment = [("GOCHAT__DATABASE__URL", "postgres://u:secret@h/d")];
        let shown = load(Profile::Production, &environment).unwrap().to_toml().unwrap();
        assert!(shown.contains("url = \"postgres://u:***@h/d\""), "{shown}");
        assert!(shown.contains("format = \"json\""), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
