//! The page for trying the API and the OpenAPI document. Neither needs a key.

use crate::app::App;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        the_root_redirects_to_the_page,
        the_page_and_its_assets_are_served,
        the_page_has_the_development_key_filled_in_if_it_is_accepted,
        the_page_has_no_key_while_the_development_key_is_off,
        the_openapi_document_is_served,
    ]
}

const NOT_ALLOWED: &str = "this path does not support that method";

fn the_root_redirects_to_the_page(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for (method, path) in [("GET", "/"), ("HEAD", "/"), ("GET", "/docs/")] {
        let reply = Request::new(method, path).send(app.port);
        assert_eq!((reply.status, reply.header("location"), &*reply.body), (307, "/docs", ""));
        reply.assert_common_headers();
    }
    Request::new("POST", "/").send(app.port).assert_error(405, "method_not_allowed", None, NOT_ALLOWED);
    Ok(())
}

fn the_page_and_its_assets_are_served(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let page = Request::new("GET", "/docs").send(app.port);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none';"));
    page.assert_common_headers();
    let parts: Vec<_> = page.body.split('"').filter(|text| text.starts_with("docs/")).collect();
    assert_eq!(parts.len(), 5, "{parts:?}");
    for part in parts {
        let path = format!("/{part}");
        // A compressed body is not text.
        let mut connection = Connection::open(app.port);
        connection.write(&Request::new("GET", &path).bytes());
        let reply = connection.read_head();
        assert_eq!(reply.status, 200, "{part}");
        let kind = match part.rsplit_once('.') {
            Some((_, "js")) => "text/javascript",
            Some((_, "css")) => "text/css",
            _ => "image/png",
        };
        assert!(reply.header("content-type").starts_with(kind), "{reply:?}");
        reply.assert_common_headers();
        let head = Request::new("HEAD", &path).send(app.port);
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, reply.header("content-length")),
            "{part}"
        );
        assert_ne!(head.header("content-length"), "0");
        Request::new("PUT", &path).send(app.port).assert_error(405, "method_not_allowed", None, NOT_ALLOWED);
    }
    let unknown = Request::new("GET", "/docs/index.html").send(app.port);
    unknown.assert_nothing_there();
    Ok(())
}

fn the_page_has_the_development_key_filled_in_if_it_is_accepted(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let page = Request::new("GET", "/docs").send(app.port).body;
    let filled_in = format!("<div id=\"page\" data-key=\"{DEVELOPMENT_KEY}\"></div>");
    assert!(page.contains(&filled_in) && page.matches(DEVELOPMENT_KEY).count() == 1, "{page}");
    Ok(())
}

fn the_page_has_no_key_while_the_development_key_is_off(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__AUTH__DEVELOPMENT_KEY", "false")]);
    let page = Request::new("GET", "/docs").send(app.port).body;
    assert!(page.contains("<div id=\"page\"></div>"), "{page}");
    assert!(!page.contains(DEVELOPMENT_KEY) && !page.contains("data-key"), "{page}");
    Ok(())
}

fn the_openapi_document_is_served(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let reply = Request::new("GET", "/openapi.json").send(app.port);
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.header("content-length"), reply.body.len().to_string());
    assert_eq!(reply.json()["openapi"], "3.1.0");
    reply.assert_common_headers();
    let committed = include_str!("../../../../docs/openapi.json");
    assert!(reply.body == committed, "docs/openapi.json is stale; run `just openapi`");
    let reply = Request::new("DELETE", "/openapi.json").send(app.port);
    reply.assert_error(405, "method_not_allowed", None, NOT_ALLOWED);
    assert_eq!(reply.header("allow"), "GET, HEAD");
    Ok(())
}
