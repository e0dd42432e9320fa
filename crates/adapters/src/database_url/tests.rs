use super::*;

#[test]
fn the_scheme_picks_the_backend() {
    assert_eq!("sqlite://data/g.sqlite".parse(), Ok(DatabaseUrl::SqliteFile("data/g.sqlite".into())));
    assert_eq!("sqlite:///var/g.sqlite".parse(), Ok(DatabaseUrl::SqliteFile("/var/g.sqlite".into())));
    assert_eq!("sqlite::memory:".parse(), Ok(DatabaseUrl::SqliteMemory));
    for url in [
        "postgres://",
        "postgres:///d",
        "postgres://h/d",
        "postgres://h/d?",
        "postgres://u@[::1]:5432,[fe80::1%25eth0]/d",
        "postgres://u@%2Frun%2Fpostgresql/a%2Fb",
        "postgres:///d?host=/run/postgresql&user=u",
        "postgresql://h1,h2:5433/d?target_session_attrs=read-write",
    ] {
        let parsed = url.parse();
        assert!(matches!(parsed, Ok(DatabaseUrl::Postgres(_))), "{url}");
        assert_eq!(parsed.unwrap().to_string(), url);
    }
}

#[test]
fn an_invalid_url_is_refused_without_repeating_it() {
    for url in [
        "",
        "mysql://u:secret@h/d",
        "data/g.sqlite",
        "sqlite:g",
        "sqlite:/var/g",
        "file:g",
        "file:///var/g",
        "sqlite:memory:",
        "sqlite3://g",
    ] {
        let error = url.parse::<DatabaseUrl>().unwrap_err();
        assert_eq!(error, InvalidDatabaseUrl::UnknownScheme, "{url}");
        assert!(!error.to_string().contains("secret"));
    }
}

#[test]
fn a_password_is_never_shown() {
    let cases = [
        ("postgres://u:secret@h:5432/d", "postgres://u:***@h:5432/d"),
        ("postgres://u:sec%3Fret@h/d?port=1", "postgres://u:***@h/d?port=1"),
        ("postgres://:secret@h", "postgres://:***@h"),
        ("postgres://u:s:ecret@h", "postgres://u:***@h"),
        ("postgres://u@h/d", "postgres://u@h/d"),
        ("postgres:///d?user=u&password=secret&host=/run", "postgres:///d?user=u&password=***&host=***"),
        ("postgres://u@h/d?passw%6frd=secret", "postgres://u@h/d?password=***"),
        ("postgres://h?sslpassword=secret&", "postgres://h?sslpassword=***"),
        ("postgres://h?options=-c%20a%3Dsecret", "postgres://h?options=***"),
        ("postgres://u:secret@h1,h2:5433/d", "postgres://u:***@h1,h2:5433/d"),
    ];
    for (url, shown) in cases {
        let url: DatabaseUrl = url.parse().unwrap();
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), shown);
    }
}

#[test]
fn a_url_whose_password_is_uncertain_is_refused() {
    for url in [
        "postgres://u:s3/cret@h/d",
        "postgres://u:123/cret@h/d",
        "postgres://u:s3c@ret@h/d",
        "postgres://u:pa%%ssw0rd@h/d",
        "postgres://u:pa%ssw0rd@h/d",
        "postgres://u:cret%@h/d",
        "postgres://u:cret%0@h/d",
        "postgres://u:cret%00@h/d",
        "postgres://u:s?cret@h/d",
        "postgres://u:1?host=cret@h/d",
        "postgres://u:1#cret@h/d",
        "postgres://u:s[cret@h/d",
        "postgres://u:s cret@h/d",
        "postgres://u:cret",
        "postgres://u:[cret",
        "postgres://[::1]cret/d",
        "postgres://u:cret@[]/d",
        "postgres://u:cret@[]:1,h/d",
        "postgres://h/cret@h/d",
        "postgres://h?password=s@cret",
        "postgres://h/d?cret",
        "postgres://h/d?password=s=cret",
        "postgres://h/d?password=s&cret",
        "postgres://h/d?&password=cret",
        "postgres://h/d?password=cret&&user=u",
    ] {
        assert_eq!(url.parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::Malformed), "{url}");
    }
    for url in
        ["postgres://u:s\tcret@h/d", "postgres://u:cret\0@h/d", "sqlite://g\0", "sqlite::memory:\0", "\u{1b}"]
    {
        assert_eq!(url.parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::Control), "{url:?}");
    }
    for url in
        ["postgres://h/d?Password=cret", "postgres://h/d?passwort=cret", "postgres://h/d?password=s&cret=1"]
    {
        assert_eq!(url.parse::<DatabaseUrl>(), Err(InvalidDatabaseUrl::UnknownParameter), "{url}");
    }
}
