//! Hosts accepted while the development key is on, as a defence against DNS rebinding.

use crate::app::App;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Reply, Request, exchange},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_request_for_this_machine_is_served,
        a_request_for_another_host_is_refused_on_every_path,
        the_host_in_the_request_target_is_checked_too,
        two_host_headers_are_malformed,
        a_request_without_a_host_is_served,
        a_preflight_for_another_host_is_refused,
        without_the_development_key_every_host_is_served,
        the_admin_listener_refuses_other_hosts_too,
        an_admin_listener_on_all_addresses_serves_every_host,
    ]
}

const REFUSAL: &str = "the host must be localhost, 127.0.0.1 or [::1] while the development key is on; to be reached by \
                       another name, set auth.development_key = false and make a key with `gochat keys create`";
const KEY_OFF: (&str, &str) = ("GOCHAT__AUTH__DEVELOPMENT_KEY", "false");

fn for_host(request: Request, host: &str) -> Request {
    request.without("Host").header("Host", host)
}

#[track_caller]
fn assert_refused(reply: &Reply) {
    reply.assert_error(421, "misdirected_request", None, REFUSAL);
}

fn a_request_for_this_machine_is_served(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let port = app.port;
    let hosts = [
        "localhost",
        "localhost:1213",
        &format!("localhost:{port}"),
        "LOCALHOST.:80",
        "chat.localhost",
        "127.0.0.1:1213",
        "127.1.2.3",
        "[::1]:1213",
    ];
    for host in hosts {
        assert_eq!(for_host(Request::group(host), host).send(port).status, 201, "{host}");
        assert_eq!(for_host(Request::new("GET", "/docs"), host).send(port).status, 200, "{host}");
    }
    assert_eq!(app.names(), hosts);
    Ok(())
}

fn a_request_for_another_host_is_refused_on_every_path(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for host in ["evil.example:1213", "localhost.evil.example", "192.0.2.1", "127.0.0.1.nip.io", ""] {
        assert_refused(&for_host(Request::group("g"), host).send(app.port));
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/docs"),
            ("GET", "/docs/page.js"),
            ("GET", "/openapi.json"),
            ("GET", "/v1/group"),
            ("GET", "/v1/group/1"),
            ("DELETE", "/v1/group"),
            ("GET", "/nothing"),
        ] {
            let request = for_host(Request::new(method, path), host).header("GoChat-Token", DEVELOPMENT_KEY);
            assert_refused(&request.send(app.port));
            assert_refused(&request.header("X-Forwarded-Host", "localhost").send(app.port));
        }
    }
    // The connection stays open.
    let mut connection = Connection::open(app.port);
    for (host, status) in [("evil.example", 421), ("localhost", 401)] {
        connection.write(&for_host(Request::new("GET", "/v1/group"), host).bytes());
        assert_eq!(connection.read().status, status);
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn the_host_in_the_request_target_is_checked_too(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let get = |target: &str, host: &str| for_host(Request::new("GET", target), host).send(app.port);
    assert_eq!(get("http://localhost:1213/openapi.json", "localhost:1213").status, 200);
    for (target, host) in [
        ("http://evil.example/openapi.json", "localhost"),
        ("http://evil.example/openapi.json", "evil.example"),
        ("http://localhost/openapi.json", "evil.example"),
        ("http://localhost@evil.example/openapi.json", "localhost"),
    ] {
        assert_refused(&get(target, host));
    }
    assert_refused(&Request::new("CONNECT", "evil.example:80").send(app.port));
    Ok(())
}

fn two_host_headers_are_malformed(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for hosts in [["localhost", "evil.example"], ["evil.example", "localhost"]] {
        let request = hosts
            .iter()
            .fold(Request::new("GET", "/docs").without("Host"), |request, host| request.header("Host", host));
        let message = "the head of the request is malformed, or its target is too long";
        request.send(app.port).assert_error(400, "malformed_request", None, message);
    }
    Ok(())
}

fn a_request_without_a_host_is_served(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let reply =
        |head: &str| exchange(app.port, format!("GET /openapi.json HTTP/1.0\r\n{head}\r\n").as_bytes());
    assert_eq!(reply("").status, 200);
    assert_refused(&reply("Host: evil.example\r\n"));
    Ok(())
}

fn a_preflight_for_another_host_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let preflight = Request::new("OPTIONS", "/v1/group")
        .header("Origin", "http://localhost:3000")
        .header("Access-Control-Request-Method", "POST");
    assert_eq!(preflight.send(app.port).status, 200);
    let refused = for_host(preflight, "evil.example").send(app.port);
    assert_refused(&refused);
    assert_eq!(refused.header("access-control-allow-origin"), "");
    Ok(())
}

fn without_the_development_key_every_host_is_served(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[KEY_OFF]);
    for host in ["evil.example", "chat.example.org:1213", ""] {
        assert_eq!(for_host(Request::new("GET", "/docs"), host).send(app.port).status, 200, "{host}");
        assert_eq!(for_host(Request::group("g"), host).send(app.port).status, 401, "{host}");
        assert_eq!(
            for_host(Request::new("GET", "/metrics"), host).send(app.admin_port).status,
            200,
            "{host}"
        );
    }
    Ok(())
}

fn the_admin_listener_refuses_other_hosts_too(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for path in ["/livez", "/readyz", "/metrics", "/nothing"] {
        let reply = for_host(Request::new("GET", path), "evil.example:1214").send(app.admin_port);
        assert_eq!((reply.status, reply.body), (421, format!("{REFUSAL}\n")), "{path}");
    }
    for host in ["localhost:1214", "127.0.0.1"] {
        assert_eq!(
            for_host(Request::new("GET", "/metrics"), host).send(app.admin_port).status,
            200,
            "{host}"
        );
    }
    Ok(())
}

fn an_admin_listener_on_all_addresses_serves_every_host(database: TestDatabase) -> anyhow::Result<()> {
    let app =
        App::with(database, &[("GOCHAT__ADMIN__BIND", "0.0.0.0:0"), ("GOCHAT__ADMIN__DASHBOARD", "false")]);
    let probe = |path: &str| for_host(Request::new("GET", path), "10.1.2.3:1214").send(app.admin_port).status;
    assert_eq!([probe("/livez"), probe("/readyz"), probe("/metrics")], [200; 3]);
    // The public listener still accepts only loopback hosts.
    assert_refused(&for_host(Request::new("GET", "/docs"), "10.1.2.3:1213").send(app.port));
    Ok(())
}
