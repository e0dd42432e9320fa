//! Tests of valid settings, and of the messages for invalid ones.

use super::*;
use gochat_adapters::DatabaseUrl;

fn load(profile: Profile, environment: &[(&str, &str)]) -> Result<Settings, SettingError> {
    Settings::load(profile, environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn the_defaults_are_for_a_developer_machine() {
    let settings = load(Profile::Development, &[]).unwrap();
    assert_eq!(settings.http.bind.to_string(), "127.0.0.1:1213");
    assert_eq!(settings.admin.bind, AdminBind::Address("127.0.0.1:1214".parse().unwrap()));
    assert_eq!((settings.admin.dashboard, settings.admin.tls), (true, None));
    assert_eq!(settings.database.url.to_string(), "sqlite://data/gochat.sqlite");
    assert!(settings.development_key);
    assert_eq!(settings.log.format, LogFormat::Pretty);
}

#[test]
fn production_accepts_no_development_key_and_logs_json() {
    let settings = load(Profile::Production, &[]).unwrap();
    assert!(!settings.development_key && !settings.admin.dashboard);
    assert_eq!(settings.log.format, LogFormat::Json);
}

#[test]
fn the_environment_wins() {
    let environment = [("GOCHAT__DATABASE__URL", "sqlite::memory:"), ("GOCHAT__DATABASE__POOL_SIZE", "9")];
    let settings = load(Profile::Development, &environment).unwrap();
    assert_eq!(settings.database.url, DatabaseUrl::SqliteMemory);
    assert_eq!(settings.database.options.pool_size, 9);
}

#[test]
fn no_limit_is_set_unless_the_operator_sets_one() {
    assert_eq!(load(Profile::Production, &[]).unwrap().writer.limits, Limits::default());
    let environment = [
        ("GOCHAT__LIMITS__GROUPS", "200"),
        ("GOCHAT__LIMITS__GROUPS_PER_ADMINISTRATOR", "10"),
        ("GOCHAT__LIMITS__MEMBERS_PER_GROUP", "4294967295"),
    ];
    let limits = Limits {
        groups: Limit(200),
        groups_per_administrator: Limit(10),
        members_per_group: Limit(u32::MAX),
    };
    assert_eq!(load(Profile::Production, &environment).unwrap().writer.limits, limits);
}

#[test]
fn an_invalid_setting_is_refused_with_its_name_its_value_and_what_is_expected() {
    let cases = [
        (
            "GOCHAT__HTTP__BIND",
            "here",
            "http.bind = \"here\" from the environment is refused: expected an address and a port (127.0.0.1:1213), a Unix socket (unix:/run/gochat/http.sock), or systemd",
        ),
        (
            "GOCHAT__ADMIN__BIND",
            "1214",
            "admin.bind = \"1214\" from the environment is refused: expected an address and a port, like 127.0.0.1:1214, or systemd",
        ),
        (
            "GOCHAT__HTTP__SOCKET_MODE",
            "rw",
            "http.socket_mode = \"rw\" from the environment is refused: expected three octal digits other than 000, like 660",
        ),
        (
            "GOCHAT__HTTP__ALLOWED_ORIGINS",
            "https://*.example.org",
            "http.allowed_origins = \"https://*.example.org\" from the environment is refused: expected origins separated by commas, like https://chat.example.org, without wildcards or paths; or loopback",
        ),
        (
            "GOCHAT__HTTP__BASE_PATH",
            "api/",
            "http.base_path = \"api/\" from the environment is refused: expected nothing, or a path like /api: segments of letters, digits and - . _ ~, each after a slash, and no slash at the end",
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
            "GOCHAT__LIMITS__MEMBERS_PER_GROUP",
            "4294967296",
            "limits.members_per_group = \"4294967296\" from the environment is refused: expected a whole number from 0 to 4294967295",
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
fn an_invalid_database_url_is_not_shown() {
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
fn the_development_key_is_refused_in_production_and_on_addresses_other_than_loopback() {
    let production = load(Profile::Production, &[("GOCHAT__AUTH__DEVELOPMENT_KEY", "true")]).unwrap_err();
    assert!(production.to_string().contains("in the profile production"), "{production}");
    for address in ["0.0.0.0:1213", "[::]:1213", "192.0.2.1:80"] {
        let error = load(Profile::Development, &[("GOCHAT__HTTP__BIND", address)]).unwrap_err().to_string();
        assert!(error.contains(address) && error.contains("gochat keys create"), "{error}");
    }
    for address in ["127.0.0.1:1213", "127.9.9.9:1", "[::1]:1213", "unix:/run/gochat/http.sock", "systemd"] {
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
