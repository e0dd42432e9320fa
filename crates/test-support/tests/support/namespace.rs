//! Tests of a machine that vanishes from the network.

use gochat_test_support::{
    Case, Cluster, Namespace, PlainSql, TestDatabase, cases,
    deadline::{eventually, run},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    process::Command,
    thread,
};

pub fn cases() -> Vec<Case> {
    cases![
        an_open_connection_to_a_vanished_machine_hangs,
        connecting_to_a_vanished_machine_hangs,
        a_standby_takes_over_from_a_vanished_machine,
        a_dropped_namespace_leaves_nothing_behind,
    ]
}

/// Waits until the kernel has retransmitted something to the machine.
fn wait_for_retransmissions(machine: &Namespace, state: &str) {
    let address = machine.address().to_string();
    eventually("the kernel retransmits", || {
        let sockets = run(Command::new("ss").args(["-Hton", "state", state, "dst", &address]));
        let sockets = String::from_utf8(sockets.stdout).unwrap();
        // Shown as `timer:(on,TIME,NUMBER)`, with the number of retransmissions.
        sockets.lines().find(|socket| socket.contains("timer:(on,") && !socket.contains(",0)")).map(drop)
    });
}

fn an_open_connection_to_a_vanished_machine_hangs(_: TestDatabase) -> anyhow::Result<()> {
    let machine = Namespace::new()?;
    let cluster = Cluster::with(Cluster::FAST).within(&machine).start()?;
    let mut connection = PlainSql::connect(&cluster.url("postgres"))?;
    connection.execute("CREATE TABLE there ()")?;
    machine.cut()?;
    let asks = thread::spawn(move || connection.execute("DROP TABLE there"));
    wait_for_retransmissions(&machine, "established");
    assert!(!asks.is_finished());
    machine.restore()?;
    asks.join().unwrap()?;
    cluster.rows("SELECT 'x' FROM there").unwrap_err();
    Ok(())
}

fn connecting_to_a_vanished_machine_hangs(_: TestDatabase) -> anyhow::Result<()> {
    let machine = Namespace::new()?;
    let cluster = Cluster::with(Cluster::FAST).within(&machine).start()?;
    machine.cut()?;
    let url = cluster.url("postgres");
    let connects = thread::spawn(move || PlainSql::connect(&url)?.execute("SELECT 1"));
    wait_for_retransmissions(&machine, "syn-sent");
    assert!(!connects.is_finished());
    machine.restore()?;
    connects.join().unwrap()
}

fn a_standby_takes_over_from_a_vanished_machine(_: TestDatabase) -> anyhow::Result<()> {
    let machine = Namespace::new()?;
    let primary = Cluster::with(Cluster::FAST).within(&machine).start()?;
    let standby = primary.synchronous_standby()?;
    primary.execute("CREATE TABLE on_both ()")?;
    machine.cut()?;
    standby.promote()?;
    standby.execute("DROP TABLE on_both")
}

fn a_dropped_namespace_leaves_nothing_behind(_: TestDatabase) -> anyhow::Result<()> {
    let mut name = String::new();
    let failed = catch_unwind(AssertUnwindSafe(|| {
        let machine = Namespace::new().unwrap();
        machine.name().clone_into(&mut name);
        let _cluster = Cluster::with(Cluster::FAST).within(&machine).start().unwrap();
        machine.cut().unwrap();
        assert!(Path::new("/run/netns").join(&name).exists());
        assert!(Path::new("/sys/class/net").join(&name).exists());
        resume_unwind(Box::new("as a case that fails"));
    }));
    assert!(failed.is_err() && !name.is_empty());
    assert!(!Path::new("/run/netns").join(&name).exists());
    assert!(!Path::new("/sys/class/net").join(&name).exists());
    Ok(())
}
