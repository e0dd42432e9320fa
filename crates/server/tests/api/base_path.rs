//! A proxy that serves the API under a path prefix: paths in replies must lead back through the proxy.

use crate::app::App;
use gochat_test_support::{Case, Nginx, TestDatabase, cases, http::Request};

pub fn cases() -> Vec<Case> {
    cases![every_path_in_a_reply_has_the_base_path]
}

/// Cases that need a real proxy.
pub fn nginx_cases() -> Vec<Case> {
    cases![
        paths_in_replies_lead_back_through_the_proxy,
        the_page_behind_a_proxy_calls_the_service_through_the_proxy
    ]
}

const SETTING: &[(&str, &str)] = &[("GOCHAT__HTTP__BASE_PATH", "/api")];

fn create(name: &str, path: &str) -> Request {
    Request::post(path, format!(r#"{{"name":"{name}","token":"t","admin_id":1}}"#))
}

/// Returns the target of a `Link` header.
fn target(link: &str) -> &str {
    link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap()
}

fn every_path_in_a_reply_has_the_base_path(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    // The proxy has already stripped the prefix.
    for (id, name) in [(1, "a"), (2, "b")] {
        let created = create(name, "/v1/group").header("Idempotency-Key", name);
        for _ in 0..2 {
            let reply = created.send(app.port);
            assert_eq!((reply.status, reply.header("location")), (201, &*format!("/api/v1/group/{id}")));
        }
    }
    let page = Request::get("/v1/group?limit=1").send(app.port);
    assert_eq!(page.header("link"), "</api/v1/group?limit=1&after=1>; rel=\"next\"");
    for path in ["/", "/docs/"] {
        let reply = Request::new("GET", path).send(app.port);
        assert_eq!((reply.status, reply.header("location")), (307, "/api/docs"));
    }
    let api = Request::new("GET", "/openapi.json").send(app.port).json();
    assert_eq!(api["servers"].as_array().unwrap().len(), 1);
    assert_eq!(api["servers"][0]["url"], "/api");
    Request::get("/api/v1/group").send(app.port).assert_nothing_there();
    Ok(())
}

fn paths_in_replies_lead_back_through_the_proxy(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    let nginx = Nginx::in_front_of(app.port, "/api/")?;
    let mut bodies = Vec::new();
    for name in ["a", "b", "c"] {
        let created = create(name, "/api/v1/group").send(nginx.port());
        assert_eq!(created.status, 201, "{created:?}");
        let found = Request::get(created.header("location")).send(nginx.port());
        assert_eq!((found.status, &found.body), (200, &created.body));
        bodies.push(created.body);
    }
    let mut path = "/api/v1/group?limit=1".to_owned();
    for (index, body) in bodies.iter().enumerate() {
        let page = Request::get(&path).send(nginx.port());
        assert_eq!((page.status, &*page.body), (200, &*format!("[{body}]")));
        let link = page.header("link");
        assert_eq!(link.is_empty(), index == 2, "{link}");
        path = if link.is_empty() { break } else { target(link).to_owned() };
    }
    let taken = create("a", "/api/v1/group").send(nginx.port());
    assert_eq!((taken.status, &taken.json()["group_id"]), (409, &1.into()));
    Ok(())
}

fn the_page_behind_a_proxy_calls_the_service_through_the_proxy(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, SETTING);
    let nginx = Nginx::in_front_of(app.port, "/api/")?;
    let root = Request::new("GET", "/api/").send(nginx.port());
    assert_eq!((root.status, root.header("location")), (307, "/api/docs"));
    let page = Request::new("GET", root.header("location")).send(nginx.port());
    assert_eq!(page.status, 200);
    let parts: Vec<_> = page.body.split('"').filter(|text| text.starts_with("docs/")).collect();
    assert_eq!(parts.len(), 5, "{parts:?}");
    for part in parts {
        // Resolved against the page, as in a browser.
        let head = Request::new("HEAD", &format!("/api/{part}")).send(nginx.port());
        assert_eq!(head.status, 200, "{part}");
    }
    let api = Request::new("GET", "/api/openapi.json").send(nginx.port()).json();
    let server = api["servers"][0]["url"].as_str().unwrap();
    assert_eq!(Request::group("g").send(app.port).status, 201);
    let paths = api["paths"].as_object().unwrap().iter();
    for (path, _) in paths.filter(|(path, item)| item.get("get").is_some() && !path.contains('{')) {
        assert_eq!(Request::get(&format!("{server}{path}?id=1")).send(nginx.port()).status, 200, "{path}");
    }
    Ok(())
}
