//! The admin listener.

use crate::{
    app::App,
    one_member::{join, leave},
};
use gochat_test_support::{
    Case, TestDatabase, cases, deadline,
    http::{DEVELOPMENT_KEY, Reply, Request, exchange, metric},
};
use std::{collections::BTreeSet, fs, path::Path, thread};

pub fn cases() -> Vec<Case> {
    cases![
        a_working_server_is_alive_and_ready,
        an_incompatible_schema_is_reported,
        an_unreachable_database_is_reported,
        a_database_that_is_locked_for_writes_is_not_ready,
        the_admin_paths_and_the_api_are_each_served_on_one_port_only,
        requests_are_counted_by_route_method_and_status,
        unknown_paths_and_methods_share_one_label,
        batches_queue_pool_and_cache_are_measured,
        every_write_of_groups_and_members_is_measured,
        every_documented_metric_is_exported_and_every_exported_one_documented,
        metrics_have_the_text_format_of_prometheus,
    ]
}

pub fn postgres_cases() -> Vec<Case> {
    cases![concurrent_checks_of_a_hanging_database_share_one_thread, a_primary_that_is_read_only_is_not_ready]
}

fn ask(app: &App, path: &str) -> Reply {
    Request::new("GET", path).send(app.admin_port)
}

/// Passes if the server is ready, or not ready for these reasons.
#[track_caller]
fn assert_readiness(app: &App, status: u16, database: &str, migrations: &str, writes: &str) {
    let reply = ask(app, "/readyz");
    assert_eq!((reply.status, reply.body), (status, readiness(database, migrations, writes)));
}

fn readiness(database: &str, migrations: &str, writes: &str) -> String {
    format!(r#"{{"database":"{database}","migrations":"{migrations}","writes":"{writes}","shutdown":"ok"}}"#)
}

/// On a busy machine, a check may take longer than `/readyz` waits for it.
#[track_caller]
fn assert_ready(app: &App) {
    let reply = deadline::eventually("the server is ready", || {
        Some(ask(app, "/readyz")).filter(|reply| reply.status == 200)
    });
    assert_eq!(reply.body, readiness("ok", "ok", "ok"));
}

fn a_working_server_is_alive_and_ready(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let alive = ask(&app, "/livez");
    assert_eq!((alive.status, &*alive.body), (200, "ok\n"));
    assert_ready(&app);
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(Request::new("HEAD", path).send(app.admin_port).status, 200, "{path}");
        let refused = Request::new("POST", path).send(app.admin_port);
        assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD"), "{path}");
    }
    Ok(())
}

fn an_incompatible_schema_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    app.database.execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261123000001'")?;
    assert_readiness(&app, 503, "ok", "pending: 20261123000001", "not checked");
    // A newer program has added a compatible migration. The old program keeps running during the upgrade.
    app.database.execute(
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('20261123000001'), ('29990101000000')",
    )?;
    assert_ready(&app);
    // A newer program has added a migration that is incompatible with the old program.
    app.database.execute("UPDATE schema_compatibility SET oldest_program = '29980101000000'")?;
    assert_readiness(&app, 503, "ok", "need a program that knows 29980101000000", "not checked");
    Ok(())
}

fn an_unreachable_database_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    // The table of migrations cannot be read.
    app.database.execute("ALTER TABLE __diesel_schema_migrations RENAME COLUMN version TO elsewhere")?;
    assert_readiness(&app, 503, "no answer; the log has the cause", "not checked", "not checked");
    app.database.execute("ALTER TABLE __diesel_schema_migrations RENAME COLUMN elsewhere TO version")?;
    assert_ready(&app);
    Ok(())
}

fn a_database_that_is_locked_for_writes_is_not_ready(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut lock = app.database.lock_groups()?;
    assert_readiness(&app, 503, "ok", "ok", "no write finished within 2s");
    lock.execute("ROLLBACK")?;
    assert_ready(&app);
    // The trial write of the readiness check leaves no row and uses up no id.
    assert!(app.groups().is_empty());
    assert_eq!(Request::group("g").send(app.port).json()["id"], 1);
    Ok(())
}

fn a_primary_that_is_read_only_is_not_ready(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__DATABASE__TIMEOUT", "3s")]);
    let name = app.database.rows("SELECT current_database()::text")?.concat().concat();
    let end = "SELECT pg_terminate_backend(pid, 20000)::text FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    app.database.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"))?;
    app.database.rows(end)?;
    let refused = Request::group("g").send(app.port);
    refused.assert_unavailable();
    assert_readiness(&app, 503, "ok", "ok", "no write finished within 2s");
    let mut admin = app.database.plain_sql()?;
    admin.execute("SET default_transaction_read_only = off")?;
    admin.execute(&format!("ALTER DATABASE {name} RESET default_transaction_read_only"))?;
    app.database.rows(end)?;
    assert_ready(&app);
    // The create that was answered 503 may have been stored meanwhile.
    assert!([201, 409].contains(&Request::group("g").send(app.port).status));
    Ok(())
}

fn concurrent_checks_of_a_hanging_database_share_one_thread(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let mut lock = app.database.plain_sql()?;
    lock.execute("BEGIN; LOCK TABLE __diesel_schema_migrations IN ACCESS EXCLUSIVE MODE")?;
    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                assert_readiness(&app, 503, "no answer within 2s", "not checked", "not checked");
            });
        }
    });
    let waiting = "SELECT count(*)::text FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(app.database.rows(waiting)?, [["1"]]);
    assert_eq!(ask(&app, "/livez").status, 200);
    lock.execute("ROLLBACK")?;
    assert_ready(&app);
    Ok(())
}

fn the_admin_paths_and_the_api_are_each_served_on_one_port_only(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_ne!(app.port, app.admin_port);
    for path in ["/livez", "/readyz", "/metrics"] {
        Request::new("GET", path).send(app.port).assert_nothing_there();
    }
    assert_eq!(Request::group("g").send(app.admin_port).status, 404);
    assert!(app.names().is_empty());
    Ok(())
}

fn requests_are_counted_by_route_method_and_status(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for (name, status) in [("one", 201), ("two", 201), ("two", 409)] {
        assert_eq!(Request::group(name).send(app.port).status, status);
    }
    for id in ["1", "2", "77"] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            Request::new(method, &format!("/v1/group/{id}")).send(app.port);
        }
    }
    for user in [10, 11] {
        assert_eq!(join(1, user).send(app.port).status, 201);
        assert_eq!(leave(1, user).send(app.port).status, 200);
    }
    assert_eq!(exchange(app.port, b"nonsense\r\n\r\n").status, 400);
    for (labels, count) in [
        (r#"method="POST",route="/v1/member",status="201""#, 2.0),
        (r#"method="DELETE",route="/v1/member/{group_id}/{user_id}",status="200""#, 2.0),
        (r#"method="POST",route="/v1/group",status="201""#, 2.0),
        (r#"method="POST",route="/v1/group",status="409""#, 1.0),
        (r#"method="GET",route="/v1/group/{id}",status="401""#, 3.0),
        (r#"method="PUT",route="/v1/group/{id}",status="401""#, 3.0),
        (r#"method="PATCH",route="/v1/group/{id}",status="401""#, 3.0),
        (r#"method="DELETE",route="/v1/group/{id}",status="401""#, 3.0),
    ] {
        assert_eq!(
            metric(app.admin_port, &format!("gochat_http_requests_total{{{labels}}}")),
            Some(count),
            "{labels}"
        );
        let timed = format!("gochat_http_request_duration_seconds_count{{{labels}}}");
        assert_eq!(metric(app.admin_port, &timed), Some(count), "{labels}");
    }
    let refused = r#"gochat_http_requests_total{method="none",route="none",status="400"}"#;
    assert_eq!(metric(app.admin_port, refused), Some(1.0));
    Ok(())
}

fn unknown_paths_and_methods_share_one_label(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    for number in 0..20 {
        Request::new("GET", &format!("/invented/{number}")).send(app.port);
        Request::new(&format!("INVENT{number}"), "/v1/group").send(app.port);
        Request::new("GET", &format!("/v1/group/{number}?q=invented")).send(app.port);
    }
    let unknown = r#"gochat_http_requests_total{method="GET",route="unknown",status="404"}"#;
    assert_eq!(metric(app.admin_port, unknown), Some(20.0));
    let other = r#"gochat_http_requests_total{method="other",route="/v1/group",status="405"}"#;
    assert_eq!(metric(app.admin_port, other), Some(20.0));
    let text = ask(&app, "/metrics").body;
    assert!(!text.to_lowercase().contains("invent"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("gochat_http_requests_total{")).count(), 3);
    Ok(())
}

fn batches_queue_pool_and_cache_are_measured(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::with(database, &[("GOCHAT__WRITER__QUEUE", "77"), ("GOCHAT__WRITER__BATCH", "1")]);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    let unknown = || Request::group("h").by("unknown");
    for _ in 0..3 {
        assert_eq!(unknown().send(app.port).status, 401);
    }
    for (series, value) in [
        ("gochat_group_batch_size_count", 1.0),
        ("gochat_group_batch_size_sum", 1.0),
        ("gochat_group_commit_duration_seconds_count", 1.0),
        ("gochat_group_batches_failed_total", 0.0),
        ("gochat_group_queue_depth", 0.0),
        ("gochat_group_queue_capacity", 77.0),
        ("gochat_key_cache_hits_total", 2.0),
        ("gochat_key_cache_misses_total", 1.0),
        ("gochat_key_cache_refreshes_total", 0.0),
        ("gochat_database_pool_connections_max", 2.0),
        ("gochat_read_queue_depth", 0.0),
        ("gochat_read_queue_capacity", 10_000.0),
        (r#"gochat_database_pool_connections{state="in_use"}"#, 0.0),
        (concat!("gochat_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
    ] {
        assert_eq!(metric(app.admin_port, series), Some(value), "{series}");
    }
    // A writer that waits for a lock leaves the groups in the queue.
    let mut lock = app.database.lock_groups()?;
    thread::scope(|scope| {
        let app = &app;
        let waiting: Vec<_> = (0..3)
            .map(|number| {
                scope.spawn(move || Request::group(&format!("waits{number}")).send(app.port).status)
            })
            .collect();
        // The writer has taken one of them.
        deadline::eventually("a group waits in the queue", || {
            assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "nothing waited in the queue");
            metric(app.admin_port, "gochat_group_queue_depth").filter(|depth| *depth > 0.0)
        });
        lock.execute("ROLLBACK").unwrap();
        for waiting in waiting {
            assert_eq!(waiting.join().unwrap(), 201);
        }
    });
    assert_eq!(metric(app.admin_port, "gochat_group_batch_size_sum"), Some(4.0));
    Ok(())
}

fn every_write_of_groups_and_members_is_measured(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let change = Request::json("PATCH", "/v1/group/1", r#"{"name":"h"}"#);
    let delete = Request::new("DELETE", "/v1/group/1").by(DEVELOPMENT_KEY);
    let writes =
        [(Request::group("g"), 201), (change, 200), (join(1, 10), 201), (leave(1, 10), 200), (delete, 200)];
    for (number, (write, status)) in (1_u32..).zip(writes) {
        assert_eq!(write.send(app.port).status, status);
        for series in ["batch_size_sum", "batch_size_count", "commit_duration_seconds_count"] {
            let series = format!("gochat_group_{series}");
            assert_eq!(metric(app.admin_port, &series), Some(number.into()), "{series}");
        }
    }
    Ok(())
}

/// Returns the names of the service's metrics in a text, without the suffixes of histograms.
fn metrics_in(text: &str, histograms: &BTreeSet<String>) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("gochat_"))
        .map(|word| {
            ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|suffix| word.strip_suffix(suffix))
                .find(|name| histograms.contains(*name))
                .unwrap_or(word)
                .to_owned()
        })
        .collect()
}

fn every_documented_metric_is_exported_and_every_exported_one_documented(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    assert_eq!(Request::lines("/v1/group", "{}").send(app.port).status, 200);
    let text = ask(&app, "/metrics").body;
    let of_type = |wanted: &str| -> BTreeSet<String> {
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        types
            .filter(|(_, kind)| wanted.is_empty() || *kind == wanted)
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    let (exported, histograms) = (of_type(""), of_type("histogram"));
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let operations = metrics_in(&fs::read_to_string(docs.join("operations.md"))?, &histograms);
    assert_eq!(operations, exported);
    let dashboard: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(docs.join("grafana-dashboard.json"))?)?;
    let shown = metrics_in(&dashboard["panels"].to_string(), &histograms);
    assert_eq!(shown, exported);
    let mut ids: Vec<_> = dashboard["panels"].as_array().unwrap().iter().map(|panel| &panel["id"]).collect();
    ids.dedup();
    assert_eq!(ids.len(), dashboard["panels"].as_array().unwrap().len());
    Ok(())
}

fn metrics_have_the_text_format_of_prometheus(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    assert_eq!(Request::group("g").send(app.port).status, 201);
    let reply = ask(&app, "/metrics");
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/plain; version=0.0.4"));
    let mut family = "";
    for line in reply.body.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split_once(' ').unwrap().0;
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(series.starts_with(family) && value.parse::<f64>().is_ok(), "{line}");
        }
    }
    Ok(())
}
