//! Tests of clusters that are stopped, killed, paused, started again and failed over.

use gochat_test_support::{
    Case, Cluster, Namespace, PlainSql, Shutdown, TestDatabase, cases,
    deadline::{Lines, eventually, exit},
};
use std::{
    env, fs,
    io::{self, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

pub fn cases() -> Vec<Case> {
    cases![
        commits_survive_every_kind_of_shutdown,
        a_paused_server_answers_only_after_it_is_resumed,
        initdb_arguments_are_applied,
        a_promoted_standby_has_all_commits,
        a_commit_waits_for_the_standby,
        a_changed_setting_applies_to_new_connections,
        a_killed_test_process_leaves_nothing_behind,
    ]
}

pub fn german_cases() -> Vec<Case> {
    cases![a_server_can_send_german_messages]
}

fn commits_survive_every_kind_of_shutdown(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::DURABLE)?;
    let database = cluster.database()?;
    let ends: [fn(&Cluster) -> anyhow::Result<()>; 3] =
        [|cluster| cluster.stop(Shutdown::Fast), |cluster| cluster.stop(Shutdown::Immediate), Cluster::kill];
    database.execute("CREATE TABLE ends (number int)")?;
    for (number, end) in ends.iter().enumerate() {
        let mut connection = database.plain_sql()?;
        connection.execute(&format!("INSERT INTO ends VALUES ({number})"))?;
        end(&cluster)?;
        connection.rows("SELECT 'x'").unwrap_err();
        database.plain_sql().map(drop).unwrap_err();
        cluster.start_again()?;
        let count = database.rows("SELECT count(*)::text FROM ends")?;
        assert_eq!(count, [[(number + 1).to_string()]]);
    }
    Ok(())
}

fn a_paused_server_answers_only_after_it_is_resumed(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    let mut connection = PlainSql::connect(&cluster.url("postgres"))?;
    cluster.pause()?;
    let asks = thread::spawn(move || connection.rows("SELECT 'x'"));
    let states = states(&cluster)?;
    // The postmaster, its helpers and the backend of the connection.
    assert!(states.len() > 5 && states.iter().all(|state| state == "T"), "{states:?}");
    assert!(!asks.is_finished());
    cluster.resume()?;
    assert_eq!(asks.join().unwrap()?, [["x"]]);
    Ok(())
}

/// The states of all processes of a cluster, by the kernel's letters.
fn states(cluster: &Cluster) -> anyhow::Result<Vec<String>> {
    let first = fs::read_to_string(cluster.folder().join("data/postmaster.pid"))?;
    let first = first.lines().next().unwrap();
    let others = fs::read_to_string(format!("/proc/{first}/task/{first}/children"))?;
    let state = |process: &str| -> anyhow::Result<String> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("State:")).unwrap();
        Ok(line.split_whitespace().next().unwrap().to_owned())
    };
    [first].into_iter().chain(others.split_whitespace()).map(state).collect()
}

fn initdb_arguments_are_applied(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::with(Cluster::FAST).initdb(&["--encoding", "LATIN1"]).start()?;
    let encoding = cluster.database()?.rows("SHOW server_encoding")?;
    assert_eq!(encoding, [["LATIN1"]]);
    Ok(())
}

fn a_server_can_send_german_messages(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::with(Cluster::FAST).set("lc_messages", "de_DE.UTF-8").start()?;
    let error = cluster.rows("SELECT nothing").unwrap_err();
    assert!(format!("{error:#}").contains("Spalte »nothing« existiert nicht"), "{error:#}");
    Ok(())
}

fn a_promoted_standby_has_all_commits(_: TestDatabase) -> anyhow::Result<()> {
    let primary = Cluster::start(Cluster::FAST)?;
    let standby = primary.synchronous_standby()?;
    let url = primary.failover_url(&standby, "postgres");
    PlainSql::connect(&url)?.execute("CREATE TABLE on_both ()")?;
    primary.stop(Shutdown::Immediate)?;
    PlainSql::connect(&url).map(drop).unwrap_err();
    standby.promote()?;
    PlainSql::connect(&url)?.execute("DROP TABLE on_both")
}

fn a_commit_waits_for_the_standby(_: TestDatabase) -> anyhow::Result<()> {
    let primary = Cluster::start(Cluster::FAST)?;
    let standby = primary.synchronous_standby()?;
    standby.pause()?;
    let mut connection = PlainSql::connect(&primary.url("postgres"))?;
    let commits = thread::spawn(move || connection.execute("CREATE TABLE on_both ()"));
    let waiting = "SELECT pid::text FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    eventually("a commit that waits", || primary.rows(waiting).unwrap().pop());
    standby.resume()?;
    commits.join().unwrap()?;
    standby.rows("SELECT 'x' FROM on_both").map(drop)
}

fn a_changed_setting_applies_to_new_connections(_: TestDatabase) -> anyhow::Result<()> {
    let cluster = Cluster::start(Cluster::FAST)?;
    cluster.set("idle_session_timeout", "7s")?;
    assert_eq!(cluster.rows("SHOW idle_session_timeout")?, [["7s"]]);
    Ok(())
}

/// Environment variable that makes this program call [`wait_to_be_killed`] instead of running the cases.
pub const ABANDONED: &str = "GOCHAT_TEST_ABANDONED";

/// Starts a paused cluster, which does not stop by itself, and a namespace if possible.
pub fn wait_to_be_killed() -> ! {
    let cluster = Cluster::start(Cluster::FAST).unwrap();
    cluster.pause().unwrap();
    let machine = Namespace::new().ok();
    let interface = machine.iter().map(|machine| Path::new("/sys/class/net").join(machine.name()));
    let mut stdout = io::stdout();
    for path in [cluster.folder().to_owned()].into_iter().chain(interface) {
        writeln!(stdout, "{}", path.display()).unwrap();
    }
    writeln!(stdout, "{}", cluster.port()).unwrap();
    loop {
        thread::park();
    }
}

fn a_killed_test_process_leaves_nothing_behind(_: TestDatabase) -> anyhow::Result<()> {
    let mut process = Command::new(env::current_exe()?).env(ABANDONED, "1").stdout(Stdio::piped()).spawn()?;
    let lines = Lines::of(process.stdout.take().unwrap());
    let mut paths = Vec::new();
    let port: u16 = loop {
        let line = lines.line().unwrap();
        match line.trim().parse() {
            Ok(port) => break port,
            Err(_) => paths.push(PathBuf::from(line.trim())),
        }
    };
    assert!(paths.iter().all(|path| path.exists()), "{paths:?}");
    TcpStream::connect(("127.0.0.1", port))?;
    process.kill()?;
    exit(&mut process);
    eventually("the server ends", || TcpStream::connect(("127.0.0.1", port)).err());
    for path in paths {
        eventually("a folder or an interface is removed", || (!path.exists()).then_some(()));
    }
    Ok(())
}
