//! Tests of lost connections: PostgreSQL becomes unreachable and returns within the timeout, and no request fails.

use crate::{
    DatabaseCase, api_keys,
    idempotency::idempotency,
    lost_answers::new_member,
    subject::{ONE_WRITER, OPTIONS, Subject, WRITERS, options_for},
};
use futures_util::future::{join, join_all, try_join_all};
use gochat_adapters::{CommitOptions, CommitQueue, Database, DatabaseOptions, Readiness};
use gochat_domain::{
    auth::ApiKey,
    group::{Created, Group, GroupKey},
    ports::{CreateGroupError, GroupRepository, StorageError},
    testing::new_group,
};
use gochat_test_support::{
    Cluster, FaultProxy, Message, Namespace, PgBouncer, PlainSql, Shutdown, TestDatabase, cases, deadline,
};
use prometheus::{Registry, proto::Metric};
use std::{
    collections::BTreeSet,
    fs,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

pub fn postgres_cases() -> Vec<DatabaseCase> {
    cases![
        creates_survive_a_restart_under_load,
        reads_survive_a_restart,
        creates_survive_repeatedly_terminated_backends,
        reads_survive_repeatedly_terminated_backends,
        a_read_that_loses_several_connections_succeeds,
        creates_succeed_after_all_idle_backends_were_terminated,
        a_create_succeeds_after_an_idle_session_timeout,
        joins_survive_a_restart_under_load,
        a_failover_to_a_synchronous_standby_loses_no_group,
        connections_move_from_a_frozen_primary_to_the_standby,
        a_connection_that_hangs_while_opening_is_replaced,
        acknowledged_groups_survive_a_crash_with_synchronous_commit_off,
    ]
}

/// Cases that need PgBouncer.
pub fn pooler_cases() -> Vec<DatabaseCase> {
    cases![acknowledged_groups_survive_a_crash_with_synchronous_commit_off_behind_a_pooler]
}

/// Cases that need a network namespace.
pub fn network_cases() -> Vec<DatabaseCase> {
    cases![the_service_recovers_after_the_database_machine_lost_power]
}

pub fn start(url: &str, options: CommitOptions) -> anyhow::Result<(Database, CommitQueue)> {
    let connected = Database::connect(&url.parse()?, OPTIONS)?;
    connected.migrate()?;
    let queue = connected.start_queue(options)?;
    Ok((connected, queue))
}

/// Creates groups from 8 concurrent clients until `disruption` has ended and each client has created one more.
fn create_during(
    groups: &Arc<dyn GroupRepository>,
    disruption: impl FnOnce() -> anyhow::Result<()> + Send,
) -> anyhow::Result<Vec<Created>> {
    repeat_during(disruption, async |client, number| {
        groups.create(new_group(&format!("client {client} group {number}")), None).await
    })
}

/// Reads a group and looks a key up from 8 concurrent clients until `disruption` has ended and each client has read
/// once more. Each read must succeed.
fn read_during(
    connected: &Database,
    queue: &CommitQueue,
    disruption: impl FnOnce() -> anyhow::Result<()> + Send,
) -> anyhow::Result<()> {
    let (reader, keys) = (connected.group_reader(), connected.api_keys(queue));
    let (key, issued) = (ApiKey::mint()?, api_keys::new_key());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let stored = runtime.block_on(queue.groups().create(new_group("g"), None))?.group;
    runtime.block_on(keys.insert(&key, &issued))?;
    let by_uuid = GroupKey::Uuid(stored.uuid);
    let read = repeat_during(disruption, async |client, _| match client % 2 {
        0 => reader.find(&by_uuid).await.map(|found| found.as_ref() == Some(&stored)),
        _ => keys.find(&key).await.map(|found| found.as_ref() == Some(&issued)),
    })?;
    assert!(read.iter().all(|is_found| *is_found));
    Ok(())
}

/// Repeats `work` on 8 concurrent clients until `disruption` has ended and each client has done it once more. Returns
/// the results, or the first error.
fn repeat_during<T, E: Into<anyhow::Error>>(
    disruption: impl FnOnce() -> anyhow::Result<()> + Send,
    work: impl AsyncFn(usize, usize) -> Result<T, E>,
) -> anyhow::Result<Vec<T>> {
    let is_over = AtomicBool::new(false);
    let client = async |client: usize| {
        let mut done = Vec::new();
        loop {
            let is_last = is_over.load(Ordering::SeqCst);
            done.push(work(client, done.len()).await.map_err(Into::into)?);
            if is_last {
                return anyhow::Ok(done);
            }
        }
    };
    thread::scope(|scope| {
        let disruption = scope.spawn(|| {
            let outcome = disruption();
            is_over.store(true, Ordering::SeqCst);
            outcome
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let done =
            runtime.block_on(deadline::with_timeout("every client ends", try_join_all((0..8).map(client))));
        disruption.join().unwrap()?;
        Ok(done?.into_iter().flatten().collect())
    })
}

/// Checks that exactly the acknowledged groups are stored, each as acknowledged.
pub fn assert_stored(url: &str, created: &[Created]) -> anyhow::Result<()> {
    let stored = PlainSql::connect(url)?.rows("SELECT id::text, uuid::text, name FROM groups")?;
    let acknowledged = |Created { group, .. }: &Created| {
        vec![group.id.to_string(), group.uuid.to_string(), group.name.as_str().to_owned()]
    };
    assert_eq!(stored.len(), created.len());
    let (stored, acknowledged): (BTreeSet<_>, BTreeSet<_>) =
        (stored.into_iter().collect(), created.iter().map(acknowledged).collect());
    assert_eq!(stored, acknowledged);
    Ok(())
}

fn restart_three_times(cluster: &Cluster) -> anyhow::Result<()> {
    for _ in 0..3 {
        cluster.stop(Shutdown::Immediate)?;
        cluster.start_again()?;
    }
    Ok(())
}

fn reads_survive_a_restart(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let (connected, queue) = start(database.url(), ONE_WRITER)?;
    read_during(&connected, &queue, || restart_three_times(&cluster))?;
    queue.close();
    Ok(())
}

fn creates_survive_a_restart_under_load(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let (_connected, queue) = start(database.url(), ONE_WRITER)?;
    let created = create_during(&queue.groups(), || restart_three_times(&cluster))?;
    assert_stored(database.url(), &created)?;
    queue.close();
    Ok(())
}

/// Terminates every other connection to the database, and returns their number.
fn terminate_backends(database: &TestDatabase) -> anyhow::Result<usize> {
    let ended = database.rows(
        "SELECT pg_terminate_backend(pid, 20000)::text FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )?;
    Ok(ended.len())
}

fn terminate_100_backends(database: &TestDatabase) -> anyhow::Result<()> {
    let mut ended = 0;
    deadline::eventually("100 backends are terminated", || {
        ended += terminate_backends(database).unwrap();
        (ended >= 100).then_some(())
    });
    Ok(())
}

fn reads_survive_repeatedly_terminated_backends(database: TestDatabase) -> anyhow::Result<()> {
    let (connected, queue) = start(database.url(), WRITERS)?;
    read_during(&connected, &queue, || terminate_100_backends(&database))?;
    queue.close();
    Ok(())
}

fn a_read_that_loses_several_connections_succeeds(database: TestDatabase) -> anyhow::Result<()> {
    let subject = Subject::on(database)?;
    let stored = subject.create(new_group("g"))?;
    let (key, issued) = (ApiKey::mint()?, api_keys::new_key());
    subject.run(subject.keys.insert(&key, &issued))?;
    let by_uuid = GroupKey::Uuid(stored.uuid);
    // Each read waits for a lock when its connection is terminated.
    let mut lock = subject.database().plain_sql()?;
    lock.execute("BEGIN; LOCK TABLE groups, api_keys IN ACCESS EXCLUSIVE MODE")?;
    let waiting = "SELECT pid::text FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut admin = subject.database().plain_sql()?;
    let (found, looked_up) = subject.run(async {
        let mut reads = join(subject.reader.find(&by_uuid), subject.keys.find(&key));
        assert!(futures_util::poll!(&mut reads).is_pending());
        for _ in 0..3 {
            let pids = deadline::eventually("both reads wait", || {
                Some(admin.rows(waiting).unwrap().concat()).filter(|pids| pids.len() == 2)
            });
            for pid in pids {
                admin.rows(&format!("SELECT pg_terminate_backend({pid}, 20000)::text")).unwrap();
            }
        }
        lock.execute("ROLLBACK").unwrap();
        reads.await
    });
    assert_eq!((found?, looked_up?), (Some(stored), Some(issued)));
    Ok(())
}

fn creates_survive_repeatedly_terminated_backends(database: TestDatabase) -> anyhow::Result<()> {
    let (_connected, queue) = start(database.url(), WRITERS)?;
    let created = create_during(&queue.groups(), || terminate_100_backends(&database))?;
    assert_stored(database.url(), &created)?;
    queue.close();
    Ok(())
}

fn creates_succeed_after_all_idle_backends_were_terminated(database: TestDatabase) -> anyhow::Result<()> {
    let (_connected, queue) = start(database.url(), CommitOptions { writers: 8, batch: 1, ..WRITERS })?;
    let mut created = create_during(&queue.groups(), || Ok(()))?;
    assert!(terminate_backends(&database)? > 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let groups = queue.groups();
    let names: Vec<_> = (0..20).map(|number| format!("after {number}")).collect();
    created.extend(
        runtime.block_on(try_join_all(names.iter().map(|name| groups.create(new_group(name), None))))?,
    );
    assert_stored(database.url(), &created)?;
    queue.close();
    Ok(())
}

fn a_create_succeeds_after_an_idle_session_timeout(database: TestDatabase) -> anyhow::Result<()> {
    let name = database.rows("SELECT current_database()::text")?.concat().concat();
    database.execute(&format!("ALTER DATABASE {name} SET idle_session_timeout = '1s'"))?;
    let (_connected, queue) = start(database.url(), ONE_WRITER)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let groups = queue.groups();
    let mut created = Vec::new();
    for number in 0..3 {
        created.push(runtime.block_on(groups.create(new_group(&format!("g{number}")), None))?);
        let others = "SELECT pid::text FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        // On a busy machine the connection of the test may time out too.
        deadline::eventually("the idle session is closed", || {
            database.rows(others).is_ok_and(|rows| rows.is_empty()).then_some(())
        });
    }
    assert_stored(database.url(), &created)?;
    queue.close();
    Ok(())
}

fn joins_survive_a_restart_under_load(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let database = cluster.database()?;
    let (_connected, queue) = start(database.url(), ONE_WRITER)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let group = runtime.block_on(queue.groups().create(new_group("g"), None))?.group;
    let members = queue.members();
    let joined = repeat_during(
        || restart_three_times(&cluster),
        async |client, number| {
            let user_id = i64::try_from(client * 1_000_000 + number + 2).unwrap();
            members.join(new_member(group.id, user_id)).await
        },
    )?;
    assert!(joined.iter().all(|joined| joined.is_new));
    let stored = database.rows("SELECT user_id::text FROM members")?;
    let acknowledged: BTreeSet<_> =
        joined.iter().map(|joined| joined.member.user_id.get().to_string()).collect();
    assert_eq!(stored.into_iter().flatten().collect::<BTreeSet<_>>(), acknowledged);
    queue.close();
    Ok(())
}

fn a_failover_to_a_synchronous_standby_loses_no_group(_: TestDatabase) -> anyhow::Result<()> {
    let primary = Cluster::start(Cluster::FAST)?;
    let standby = primary.synchronous_standby()?;
    let url = primary.failover_url(&standby, "postgres");
    let (_connected, queue) = start(&url, ONE_WRITER)?;
    let created = create_during(&queue.groups(), || {
        primary.stop(Shutdown::Immediate)?;
        standby.promote()
    })?;
    assert_stored(&standby.url("postgres"), &created)?;
    queue.close();
    Ok(())
}

fn connections_move_from_a_frozen_primary_to_the_standby(_: TestDatabase) -> anyhow::Result<()> {
    let primary = Cluster::start(Cluster::FAST)?;
    let standby = primary.synchronous_standby()?;
    let url = primary.failover_url(&standby, "postgres");
    let timeout = Duration::from_secs(2);
    let database = Database::connect(&url.parse()?, DatabaseOptions { timeout, ..OPTIONS })?;
    database.migrate()?;
    let queue = database.start_queue(CommitOptions { timeout, ..ONE_WRITER })?;
    let (groups, runtime) =
        (queue.groups(), tokio::runtime::Builder::new_current_thread().enable_time().build()?);
    let before = runtime.block_on(groups.create(new_group("before"), None))?;
    let (keys, reader) = (database.api_keys(&queue), database.group_reader());
    let probe = database.readiness_probe(&queue);
    let registry = Registry::new();
    database.register(&registry)?;
    let key = ApiKey::mint()?;
    runtime.block_on(keys.insert(&key, &api_keys::new_key()))?;
    let by_uuid = GroupKey::Uuid(before.group.uuid);
    let looks_up = || runtime.block_on(reader.find(&by_uuid)).is_ok_and(|found| found.is_some());
    assert!(looks_up());
    // Pages share no query, so they use every thread.
    let reads = |number| runtime.block_on(join_all((0..number).map(|_| reader.list(None, 1))));
    let is_read = |page: &Result<Vec<Group>, _>| page.as_ref().is_ok_and(|page| page.len() == 1);
    deadline::eventually("every thread that reads has a connection to the primary", || {
        let pages = reads(200);
        let is_unavailable = |page| matches!(page, &Err(StorageError::Unavailable(_)));
        assert!(pages.iter().all(|page| is_read(page) || is_unavailable(page)), "{pages:?}");
        (pages.iter().all(is_read) && connections(&registry, "idle") >= f64::from(OPTIONS.pool_size))
            .then_some(())
    });
    // The machine still acknowledges packets, so no error shows that the server is frozen.
    primary.pause()?;
    standby.promote()?;
    let mut attempts = 0;
    let after = deadline::eventually("a create succeeds", || {
        attempts += 1;
        // A create that failed as unavailable may be stored.
        runtime.block_on(groups.create(new_group(&format!("after {attempts}")), None)).ok()
    });
    let stored = PlainSql::connect(&standby.url("postgres"))?.rows("SELECT name FROM groups")?.concat();
    for Created { group, .. } in [&before, &after] {
        assert!(stored.iter().any(|name| name == group.name.as_str()), "{stored:?}");
    }
    deadline::eventually("every thread reads from the standby", || {
        reads(2 * OPTIONS.pool_size).iter().all(is_read).then_some(())
    });
    deadline::eventually("a group is looked up", || looks_up().then_some(()));
    deadline::eventually("a key is looked up", || runtime.block_on(keys.find(&key)).ok().flatten());
    deadline::eventually("the server is ready", || {
        (runtime.block_on(probe.check(timeout)) == Readiness::Ready).then_some(())
    });
    // The stuck threads return when the primary answers again, and exit.
    assert!(connections(&registry, "abandoned") > 0.0);
    primary.resume()?;
    deadline::eventually("stuck connections are closed", || {
        (connections(&registry, "abandoned") == 0.0).then_some(())
    });
    deadline::eventually("every thread reads again", || {
        reads(2 * OPTIONS.pool_size).iter().all(is_read).then_some(())
    });
    Ok(())
}

fn a_connection_that_hangs_while_opening_is_replaced(database: TestDatabase) -> anyhow::Result<()> {
    let proxy = FaultProxy::in_front_of(database.url())?;
    let timeout = Duration::from_secs(1);
    let connected = Database::connect(&proxy.url().parse()?, DatabaseOptions { timeout, ..OPTIONS })?;
    connected.migrate()?;
    let reader = connected.group_reader();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let reads = || {
        let nothing = GroupKey::Uuid(uuid::Uuid::max());
        runtime.block_on(join_all((0..OPTIONS.pool_size).map(|_| reader.find(&nothing))))
    };
    // Hangs after the login, like a pooler that waits for a server.
    proxy.mute(Message::Containing("default_transaction_isolation"));
    assert!(reads().iter().all(|read| matches!(read, Err(StorageError::Unavailable(_)))));
    proxy.unmute();
    deadline::eventually("reads have other connections", || {
        reads().iter().all(|read| matches!(read, Ok(None))).then_some(())
    });
    Ok(())
}

/// Returns the number of pooled connections in this state.
fn connections(registry: &Registry, state: &str) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|family| family.name() == "gochat_database_pool_connections").unwrap();
    let is_of_state = |metric: &&Metric| metric.get_label().iter().any(|label| label.value() == state);
    family.get_metric().iter().find(is_of_state).unwrap().get_gauge().get_value()
}

fn acknowledged_groups_survive_a_crash_with_synchronous_commit_off(_: TestDatabase) -> anyhow::Result<()> {
    assert_acknowledged_groups_survive_a_crash(Ok)
}

fn acknowledged_groups_survive_a_crash_with_synchronous_commit_off_behind_a_pooler(
    _: TestDatabase,
) -> anyhow::Result<()> {
    let mut pgbouncer = None;
    assert_acknowledged_groups_survive_a_crash(|database| {
        let pgbouncer = pgbouncer.insert(PgBouncer::in_front_of(database.url())?);
        database.pooled(pgbouncer)
    })
}

fn assert_acknowledged_groups_survive_a_crash(
    connect_through: impl FnOnce(TestDatabase) -> anyhow::Result<TestDatabase>,
) -> anyhow::Result<()> {
    // The server delays WAL writes unless a commit asks for a flush.
    let delayed_wal =
        [("wal_writer_delay", "10s"), ("wal_writer_flush_after", "1GB"), ("synchronous_commit", "off")];
    let cluster = Cluster::start(&[Cluster::DURABLE, &delayed_wal].concat())?;
    let database = connect_through(cluster.database()?)?;
    let connected = Database::connect(&database.url().parse()?, options_for(&database, OPTIONS))?;
    connected.migrate()?;
    let queue = connected.start_queue(ONE_WRITER)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let groups = queue.groups();
    let mut created = Vec::new();
    for number in 0..20 {
        // The creates alternate between a single statement and a transaction with a record.
        let idempotency_key = (number % 2 == 1).then(|| idempotency(1, &format!("k{number}")));
        created.push(runtime.block_on(groups.create(new_group(&format!("g{number}")), idempotency_key))?);
    }
    cluster.kill()?;
    cluster.start_again()?;
    assert_stored(database.direct_url(), &created)?;
    queue.close();
    Ok(())
}

/// The open TCP connections to `address` (state 01 in `/proc/net/tcp`), each as its number of unacknowledged bytes.
fn established(address: Ipv4Addr) -> Vec<String> {
    let remote = format!("{:08X}:", u32::from_ne_bytes(address.octets()));
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let unacknowledged = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_open = fields[2].starts_with(&remote) && fields[3] == "01";
        is_open.then(|| fields[4].split(':').next().unwrap().to_owned())
    };
    connections.lines().filter_map(unacknowledged).collect()
}

fn is_acknowledged(address: Ipv4Addr) -> bool {
    established(address).iter().all(|bytes| bytes == "00000000")
}

fn the_service_recovers_after_the_database_machine_lost_power(_: TestDatabase) -> anyhow::Result<()> {
    let timeout = Duration::from_secs(2);
    let machine = Namespace::new()?;
    let cluster = Cluster::with(Cluster::FAST).within(&machine).start()?;
    let options = DatabaseOptions { timeout, ..OPTIONS };
    let subject = Subject::with(cluster.database()?, options, CommitOptions { timeout, ..ONE_WRITER })?;
    let mut created = vec![subject.run(subject.groups.create(new_group("before"), None))?];
    // The server has received the statement and acknowledged its packets.
    let lock = subject.database().lock_groups()?;
    subject.run(async {
        let mut in_flight = subject.groups.create(new_group("in flight"), None);
        assert!(futures_util::poll!(&mut in_flight).is_pending());
        subject.wait_for_lock();
        deadline::eventually("every packet is acknowledged", || {
            is_acknowledged(machine.address()).then_some(())
        });
        machine.cut().unwrap();
        let refused = deadline::with_timeout("the create in flight ends", in_flight).await;
        assert!(
            matches!(refused, Err(CreateGroupError::Storage(StorageError::Unavailable(_)))),
            "{refused:?}"
        );
    });
    drop(lock);
    // No packet reports that the machine is gone, so a timeout must.
    deadline::eventually("the connection is closed", || {
        established(machine.address()).is_empty().then_some(())
    });
    machine.restore()?;
    let create = || subject.run(subject.groups.create(new_group("after"), None)).ok();
    created.push(deadline::eventually("a create succeeds", create));
    // The create in flight may be stored or not.
    subject.delete("in flight");
    assert_stored(subject.database().url(), &created)
}
