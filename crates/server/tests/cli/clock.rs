//! A clock that jumps while the server runs.

use crate::process::{Server, run_in};
use gochat_test_support::{
    Case, FakeClock, TestDatabase, cases, deadline,
    http::{Connection, DEVELOPMENT_KEY, Reply, Request},
};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![a_server_recovers_from_a_clock_before_1970, a_start_with_a_clock_before_1970_is_refused]
}

/// Seconds to shift the clock: back to 1963.
const LONG_AGO: i64 = -2_000_000_000;

/// Returns the year in the `Date` header of a reply.
fn year(reply: &Reply) -> i32 {
    reply.header("date").split(' ').nth(3).unwrap().parse().unwrap()
}

fn a_server_recovers_from_a_clock_before_1970(database: TestDatabase) -> anyhow::Result<()> {
    let clock = FakeClock::new()?;
    let variables = clock.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    let workers = [("GOCHAT__HTTP__WORKERS", "1")];
    let server = Server::start(&database, &[&variables[..], &workers].concat());
    // A worker that starts while the clock is wrong ends the server. The admin listener has one too.
    server.wait_until_ready();
    let mut kept_open = Connection::open(server.port);
    kept_open.write(&Request::group("before").bytes());
    let before = kept_open.read();
    assert_eq!(before.status, 201);
    clock.set(LONG_AGO)?;
    let mut attempts = 0;
    let seen = deadline::eventually("a create sees the wrong clock", || {
        attempts += 1;
        let reply = Request::group(&format!("meanwhile {attempts}")).send(server.port);
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.json()["created_at"].as_str().unwrap().starts_with("196").then_some(reply)
    });
    server.wait_until_ready();
    clock.set(0)?;
    deadline::eventually("the replies have the date of today", || {
        let today = Request::group("after").send(server.port);
        assert!([201, 409].contains(&today.status), "{}", today.body);
        let admin = server.wait_until_ready();
        [&today, &admin].iter().all(|reply| year(reply) >= year(&before)).then_some(())
    });
    // A read of a group that was stored with the wrong time returns exactly what the create returned.
    let id = &seen.json()["id"];
    let found = Request::new("GET", &format!("/v1/group/{id}"))
        .header("GoChat-Token", DEVELOPMENT_KEY)
        .send(server.port);
    assert_eq!((found.status, &found.body), (200, &seen.body));
    server.stop();
    Ok(())
}

fn a_start_with_a_clock_before_1970_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let clock = FakeClock::new()?;
    clock.set(LONG_AGO)?;
    let always = [("GOCHAT__DATABASE__URL", database.url()), ("GOCHAT__HTTP__BIND", "127.0.0.1:0")];
    let variables = clock.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).chain(always).collect();
    let ended = run_in(TempDir::new()?.path(), &["serve"], &variables);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr, "gochat: the clock of this machine is before 1970 or after 9999; set it\n");
    Ok(())
}
