//! `gochat dashboard`, and the settings of the dashboard.

mod https;

use crate::process::{Ended, Server, run_in};
use gochat_test_support::{
    Case, CaseWithoutDatabase, TestDatabase, cases, cases_without_database,
    http::{Reply, Request},
};
use https::{
    a_renewed_certificate_is_taken_over, files_that_cannot_be_used_are_refused,
    the_listener_with_a_certificate_speaks_https,
};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        the_command_says_why_it_cannot_make_a_link,
        on_a_network_a_dashboard_needs_a_certificate,
        files_that_cannot_be_used_are_refused,
    ]
}

pub fn database_cases() -> Vec<Case> {
    cases![
        the_log_at_start_has_a_link,
        the_command_prints_a_link_to_a_running_server,
        revoked_sessions_end_within_five_seconds,
        in_production_the_dashboard_is_off_unless_set,
        the_listener_with_a_certificate_speaks_https,
        a_renewed_certificate_is_taken_over,
    ]
}

/// Runs `gochat dashboard` beside a server whose admin listener has this port.
fn dashboard(database: &TestDatabase, port: u16, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let bind = format!("127.0.0.1:{port}");
    let always = [("GOCHAT__DATABASE__URL", database.url()), ("GOCHAT__ADMIN__BIND", &*bind)];
    let folder = TempDir::new().unwrap();
    run_in(folder.path(), &[&["dashboard"], arguments].concat(), &[&always, variables].concat())
}

/// Opens a link as its page does.
fn open(port: u16, secret: &str) -> Reply {
    Request::form("/open", &[("secret", secret)]).header("Origin", "http://localhost").send(port)
}

/// Passes if a link opens once. Returns a request with the cookie of the session.
#[track_caller]
fn assert_opens(port: u16, url: &str) -> Request {
    let secret = url.strip_prefix(&format!("http://127.0.0.1:{port}/open?secret=")).expect(url);
    assert_eq!(secret.len(), 43, "{url}");
    let reply = open(port, secret);
    let home = reply.header("location");
    assert!(reply.status == 303 && home.starts_with("/s/"), "{home}");
    let cookie = reply.header("set-cookie").split_once(';').unwrap().0;
    let request = Request::new("GET", &format!("{home}keys")).header("Cookie", cookie);
    assert_eq!(request.send(port).status, 200);
    assert_eq!(open(port, secret).status, 403);
    request
}

fn the_log_at_start_has_a_link(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[("GOCHAT__LOG__LEVEL", "trace")]);
    let logged = server.line_with("dashboard: ");
    let link = logged.split_once("dashboard: ").unwrap().1;
    let (url, note) = link.split_once(' ').unwrap();
    assert_eq!(note.trim_end(), "(opens once, within 10 minutes)");
    let _page = assert_opens(server.admin_port, url);
    let log = server.stop();
    // The rest of the log has neither the secret of the link, nor that of the session, nor its path.
    for secret in ["secret", "gochat_session", "/s/"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    Ok(())
}

fn the_command_prints_a_link_to_a_running_server(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    for _ in 0..2 {
        let printed = dashboard(&database, server.admin_port, &[], &[]);
        assert_eq!((printed.code, &*printed.stderr), (Some(0), "the link opens once, within 10 minutes\n"));
        let url = printed.stdout.strip_suffix('\n').unwrap();
        let _page = assert_opens(server.admin_port, url);
    }
    server.stop();
    Ok(())
}

fn revoked_sessions_end_within_five_seconds(database: TestDatabase) -> anyhow::Result<()> {
    let server = Server::start(&database, &[]);
    let port = server.admin_port;
    let printed = dashboard(&database, port, &[], &[]);
    let page = assert_opens(port, printed.stdout.trim_end());
    let unopened = dashboard(&database, port, &[], &[]);
    // Sessions can be revoked even if the settings would not let a link be made.
    let off = [("GOCHAT__ADMIN__DASHBOARD", "false"), ("GOCHAT__ADMIN__BIND", "systemd")];
    let revoked = dashboard(&database, port, &["--revoke"], &off);
    let message =
        "revoked all links and sessions of the dashboard; running servers refuse them within 5 seconds\n";
    assert_eq!((revoked.code, &*revoked.stdout, &*revoked.stderr), (Some(0), "", message));
    let revoked_at = Instant::now();
    loop {
        // The reply may take long on a busy machine, but the session is checked after this moment.
        let age = revoked_at.elapsed();
        if page.send(port).status == 401 {
            break;
        }
        assert!(age < Duration::from_secs(5), "the session still works");
    }
    let secret = unopened.stdout.trim_end().rsplit_once('=').unwrap().1;
    assert_eq!(open(port, secret).status, 403);
    assert!(database.rows("SELECT kind FROM dashboard_secrets")?.is_empty());
    server.stop();
    Ok(())
}

fn in_production_the_dashboard_is_off_unless_set(database: TestDatabase) -> anyhow::Result<()> {
    let production = ("GOCHAT_PROFILE", "production");
    let server = Server::start(&database, &[production]);
    assert_eq!(Request::new("GET", "/").send(server.admin_port).status, 404);
    let refused = dashboard(&database, server.admin_port, &[], &[production]);
    let message = "gochat: the dashboard is off; set admin.dashboard = true, and start the server again\n";
    assert_eq!((refused.code, &*refused.stdout, &*refused.stderr), (Some(1), "", message));
    assert!(!server.stop().contains("dashboard"));
    let on = Server::start(&database, &[production, ("GOCHAT__ADMIN__DASHBOARD", "true")]);
    assert_eq!(Request::new("GET", "/").send(on.admin_port).status, 401);
    on.stop();
    Ok(())
}

fn the_command_says_why_it_cannot_make_a_link() -> anyhow::Result<()> {
    let file = ("GOCHAT__DATABASE__URL", "sqlite:///dev/null/g.sqlite");
    let memory = ("GOCHAT__DATABASE__URL", "sqlite::memory:");
    let systemd = ("GOCHAT__ADMIN__BIND", "systemd");
    let port_0 = ("GOCHAT__ADMIN__BIND", "127.0.0.1:0");
    let in_memory = "database.url = \"sqlite::memory:\" cannot be used by this command: only the server itself has that \
                     database, and its log has a link";
    for (arguments, variables, message) in [
        (&["dashboard"][..], [memory, ("GOCHAT__ADMIN__BIND", "127.0.0.1:1214")], in_memory),
        (&["dashboard", "--revoke"], [memory, ("GOCHAT__ADMIN__BIND", "127.0.0.1:1214")], in_memory),
        (
            &["dashboard"],
            [file, systemd],
            "admin.bind = \"systemd\" does not tell the address; for this command, set the address of the socket unit, like \
             GOCHAT__ADMIN__BIND=127.0.0.1:1214",
        ),
        (
            &["dashboard"],
            [file, port_0],
            "admin.bind = \"127.0.0.1:0\" cannot be used by this command: port 0 is another port at each start; the log of \
             the server has a link",
        ),
    ] {
        let ended = run_in(TempDir::new()?.path(), arguments, &variables);
        let expected = (Some(1), "", format!("gochat: {message}\n"));
        assert_eq!((ended.code, &*ended.stdout, ended.stderr), expected);
    }
    Ok(())
}

fn on_a_network_a_dashboard_needs_a_certificate() -> anyhow::Result<()> {
    for bind in ["0.0.0.0:1214", "[::]:1214", "192.0.2.7:1214", "[2001:db8::1]:1214"] {
        for (profile, origin) in
            [("development", "the profile development"), ("production", "the environment")]
        {
            let on = ("GOCHAT__ADMIN__DASHBOARD", "true");
            let variables = [("GOCHAT_PROFILE", profile), ("GOCHAT__ADMIN__BIND", bind), on];
            let variables = if profile == "production" { &variables[..] } else { &variables[..2] };
            let ended = run_in(TempDir::new()?.path(), &[], variables);
            let message = format!(
                "gochat: admin.dashboard = \"true\" from {origin} is refused: expected false, or a certificate and its key in \
                 admin.tls_certificate and admin.tls_key, because admin.bind = {bind} is not a loopback address\n"
            );
            assert_eq!((ended.code, &*ended.stdout, ended.stderr), (Some(1), "", message));
        }
        let off = [("GOCHAT__ADMIN__DASHBOARD", "false"), ("GOCHAT__ADMIN__BIND", bind)];
        assert_eq!(run_in(TempDir::new()?.path(), &["config"], &off).code, Some(0));
    }
    Ok(())
}
