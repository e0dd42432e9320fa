//! Many concurrent reads.

use crate::{app::App, keys::issue_readers};
use gochat_domain::auth::ApiKey;
use gochat_test_support::{Backend, Case, PlainSql, TestDatabase, cases, deadline, http::Request};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

pub fn cases() -> Vec<Case> {
    cases![lists_that_wait_on_their_last_page_never_make_a_key_lookup_fail]
}

const CLIENTS: usize = 64;

/// Number of keys that are not cached, so that each needs a lookup.
const LOOKUPS: usize = 100;

/// On PostgreSQL, opens a transaction that looks like a batch of creates in flight. Such a batch may still store a group
/// with a smaller id than those already stored. So a list query for the last page waits for it, for half a second, and
/// occupies its connection.
fn open_batch(database: &TestDatabase) -> anyhow::Result<Option<PlainSql>> {
    if database.backend() == Backend::Sqlite {
        return Ok(None);
    }
    let mut batch = database.plain_sql()?;
    batch.execute("BEGIN; SELECT pg_advisory_xact_lock_shared(x'67726f757073'::bigint)")?;
    Ok(Some(batch))
}

fn with_key(request: &Request, key: &ApiKey) -> Request {
    request.clone().by(key.expose())
}

fn lists_that_wait_on_their_last_page_never_make_a_key_lookup_fail(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let keys = issue_readers(&app, CLIENTS + LOOKUPS);
    let (clients, unknown_to_the_cache) = keys.split_at(CLIENTS);
    for name in ["one", "two", "three"] {
        assert_eq!(Request::group(name).send(app.port).status, 201);
    }
    let batch = open_batch(&app.database)?;
    let app = &app;
    let over = AtomicBool::new(false);
    let until_over = &|work: &dyn Fn(u64)| {
        for number in 0.. {
            work(number);
            if over.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    thread::scope(|scope| {
        // Stops the other threads even if an assertion fails.
        let _end = SetOnDrop(&over);
        for key in clients {
            let list = with_key(&Request::new("GET", "/v1/group?limit=1000&after=2"), key);
            // A list may be refused while it waits for the transaction or for a connection.
            let list = move |_| assert!([200, 503].contains(&list.send(app.port).status));
            scope.spawn(move || until_over(&list));
        }
        scope.spawn(|| {
            until_over(&|number| {
                assert_eq!(Request::group(&format!("new{number}")).send(app.port).status, 201);
            });
        });
        for key in unknown_to_the_cache {
            // 403 needs a lookup of the key, but no read of groups.
            let reply = with_key(&Request::group("refused"), key).send(app.port);
            assert_eq!(reply.status, 403, "{}", reply.body);
        }
    });
    // Not behind a connection pooler, which opens more connections.
    if let Some(mut batch) = batch.filter(|_| !app.database.is_pooled()) {
        let others = "SELECT pid::text FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        // Two of the pool, one writer, and two for key lookups.
        deadline::eventually("no further connections", || {
            (batch.rows(others).unwrap().len() == 5).then_some(())
        });
    }
    Ok(())
}

/// Sets the flag when dropped, to stop other threads.
pub struct SetOnDrop<'a>(pub &'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
