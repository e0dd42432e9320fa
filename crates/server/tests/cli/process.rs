//! Runs the binary as a process.

use gochat_test_support::{
    TestDatabase,
    deadline::{self, Lines},
    http::{Reply, Request},
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    mem,
    ops::Range,
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Result of a command that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The time after which imports and exports report their progress, whatever `--progress-every` says.
const REPORTED_AFTER: Duration = Duration::from_secs(10);

/// Waits until a command has ended. If that took so long that the command reported its progress, the reports are left out.
fn end(started_at: Instant, output: impl FnOnce() -> Output) -> Ended {
    let ended = Ended::from(output());
    if started_at.elapsed() < REPORTED_AFTER {
        return ended;
    }
    Ended { stderr: without_progress(&ended.stderr), ..ended }
}

/// Returns the lines of standard error that report no progress.
pub fn without_progress(stderr: &str) -> String {
    stderr.split_inclusive('\n').filter(|line| !is_progress(line)).collect()
}

/// Returns true for a line like `line 1,234: created …` or `1,234 groups`.
pub fn is_progress(line: &str) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    if let Some((number, counts)) = line.strip_prefix("line ").and_then(|line| line.split_once(": ")) {
        return is_number(number) && (counts.starts_with("created ") || counts.starts_with("dry run: "));
    }
    let words = line.trim_end().split_once(' ');
    words.is_some_and(|(number, records)| is_number(number) && ["groups", "members"].contains(&records))
}

/// Builds a command in `folder` with these arguments and variables, and without other variables named `GOCHAT…`.
pub fn command(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    command_by(&[], folder, arguments, variables)
}

/// Builds the command under a program that execs it, like `env`.
pub fn command_by(
    starter: &[&str],
    folder: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Command {
    let line = [starter, &[env!("CARGO_BIN_EXE_gochat")], arguments].concat();
    let mut command = Command::new(line[0]);
    command.current_dir(folder).args(&line[1..]);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GOCHAT")) {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}

/// Sends a signal, like `-INT`, to a running process.
pub fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Runs a command in `folder` until it ends.
pub fn run_in(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    end(Instant::now(), || deadline::run(&mut command(folder, arguments, variables)))
}

/// Runs a command on a database until it ends.
pub fn run(database: &TestDatabase, arguments: &[&str]) -> Ended {
    run_in(TempDir::new().unwrap().path(), arguments, &[("GOCHAT__DATABASE__URL", database.url())])
}

/// Runs a command on a database until it ends, with `input` on its standard input.
pub fn run_with(database: &TestDatabase, arguments: &[&str], input: &[u8]) -> Ended {
    run_with_variables(database, &[], arguments, input)
}

/// Runs a command on a database with these variables until it ends, with `input` on its standard input.
pub fn run_with_variables(
    database: &TestDatabase,
    variables: &[(&str, &str)],
    arguments: &[&str],
    input: &[u8],
) -> Ended {
    let folder = TempDir::new().unwrap();
    let variables = [variables, &[("GOCHAT__DATABASE__URL", database.url())]].concat();
    let started_at = Instant::now();
    let mut child = command(folder.path(), arguments, &variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A command that ends early does not read all input.
        scope.spawn(move || drop(stdin.write_all(input)));
        end(started_at, || deadline::output(child))
    })
}

/// Opens a terminal. Returns its other end, and the terminal for a command.
pub fn open_terminal() -> (File, File) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let terminal = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(terminal.to_str().unwrap()).unwrap();
    (controller.into(), terminal)
}

/// Runs a command in `folder` until it ends. Its standard error is a terminal.
pub fn run_on_terminal(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let (controller, terminal) = open_terminal();
    let child = command(folder, arguments, &[variables, &[("TERM", "xterm")]].concat())
        .stdout(Stdio::piped())
        .stderr(terminal)
        .spawn()
        .unwrap();
    let shown = Lines::of(controller);
    let ended = Ended::from(deadline::output(child));
    Ended { stderr: shown.rest(), ..ended }
}

/// Imports groups from a file with this name, content and further arguments.
pub fn import(database: &TestDatabase, name: &str, content: &[u8], arguments: &[&str]) -> Ended {
    import_of("groups", database, name, content, arguments)
}

/// Imports groups or members from a file with this name, content and further arguments.
pub fn import_of(
    kind: &str,
    database: &TestDatabase,
    name: &str,
    content: &[u8],
    arguments: &[&str],
) -> Ended {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    let url = [("GOCHAT__DATABASE__URL", database.url())];
    run_in(folder.path(), &[&[kind, "import", name], arguments].concat(), &url)
}

/// Stores a group for each line of this NDJSON.
#[track_caller]
pub fn fill(database: &TestDatabase, lines: &str) {
    let ended = run_with(database, &["groups", "import", "-"], lines.as_bytes());
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Returns the name, token and administrator of each stored group.
pub fn stored(database: &TestDatabase) -> Vec<Vec<String>> {
    database.rows("SELECT name, token, CAST(admin_id AS text) FROM groups ORDER BY name").unwrap()
}

/// Returns NDJSON with a group for each number, whose name begins with `prefix`.
pub fn ndjson(prefix: &str, numbers: Range<usize>) -> String {
    let line = |number| format!("{{\"name\":\"{prefix}{number:04}\",\"token\":\"t\",\"admin_id\":1}}\n");
    numbers.map(line).collect::<Vec<_>>().concat()
}

/// A running server.
pub struct Server {
    pub port: u16,
    pub admin_port: u16,
    child: Child,
    /// Standard error up to the start of listening.
    startup_log: String,
    /// Standard error after that.
    stderr: Option<Lines>,
    _folder: TempDir,
}

impl Server {
    /// Starts a server on its own port, and returns once it listens.
    pub fn start(database: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::start_by(&[], database, variables)
    }

    /// Starts a server under a program that execs it.
    pub fn start_by(starter: &[&str], database: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        let (mut server, stderr) = Self::start_unread_by(starter, database, variables);
        server.read(stderr);
        server
    }

    /// Starts a server, and returns its standard error too, which is not read any further.
    pub fn start_unread(
        database: &TestDatabase,
        variables: &[(&str, &str)],
    ) -> (Self, BufReader<ChildStderr>) {
        Self::start_unread_by(&[], database, variables)
    }

    fn start_unread_by(
        starter: &[&str],
        database: &TestDatabase,
        variables: &[(&str, &str)],
    ) -> (Self, BufReader<ChildStderr>) {
        let folder = TempDir::new().unwrap();
        let always = [
            ("GOCHAT__HTTP__BIND", "127.0.0.1:0"),
            ("GOCHAT__ADMIN__BIND", "127.0.0.1:0"),
            ("GOCHAT__DATABASE__URL", database.url()),
        ];
        let variables: Vec<_> = always.iter().chain(variables).copied().collect();
        Self::spawn_unread(command_by(starter, folder.path(), &[], &variables), folder)
    }

    /// Starts a server with a prepared command, and returns once it listens.
    pub fn spawn(command: Command, folder: TempDir) -> Self {
        let (mut server, stderr) = Self::spawn_unread(command, folder);
        server.read(stderr);
        server
    }

    fn spawn_unread(mut command: Command, folder: TempDir) -> (Self, BufReader<ChildStderr>) {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut startup_log = String::new();
        let mut port_in_the_line_with = |mark: &str| {
            loop {
                let mut line = String::new();
                assert!(stderr.read_line(&mut line).unwrap() > 0, "the server ended: {startup_log}");
                startup_log += &line;
                let address = line.split_once(&format!("{mark} on http")).map(|(_, url)| url);
                if let Some((_, address)) = address.and_then(|url| url.split_once("://127.0.0.1:")) {
                    break address.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
                }
            }
        };
        let port = port_in_the_line_with("listening");
        let admin_port = port_in_the_line_with("admin listener");
        (Self { port, admin_port, child, startup_log, stderr: None, _folder: folder }, stderr)
    }

    /// Starts to read standard error.
    pub fn read(&mut self, stderr: BufReader<ChildStderr>) {
        self.stderr = Some(Lines::of(stderr));
    }

    /// Waits until `/readyz` answers 200, and returns the reply. On a busy machine, a check may take longer than `/readyz`
    /// waits for it.
    #[track_caller]
    pub fn wait_until_ready(&self) -> Reply {
        let ask = || Request::new("GET", "/readyz").send(self.admin_port);
        deadline::eventually("the server is ready", || Some(ask()).filter(|reply| reply.status == 200))
    }

    /// Waits for the next line of the log that contains `part`, and returns it.
    #[track_caller]
    pub fn line_with(&self, part: &str) -> String {
        let lines = self.stderr.as_ref().unwrap();
        std::iter::from_fn(|| lines.line()).find(|line| line.contains(part)).expect("the server ended")
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        signal(&self.child, "-TERM");
    }

    /// Sends SIGINT, like Ctrl-C.
    pub fn interrupt(&self) {
        signal(&self.child, "-INT");
    }

    /// Sends SIGKILL, like the kernel when memory runs out, and waits for the end.
    pub fn kill(self) {
        signal(&self.child, "-KILL");
        assert_eq!(self.wait().code, None);
    }

    /// Stops the server, and returns its log. Passes if it exits with 0.
    #[track_caller]
    pub fn stop(self) -> String {
        self.terminate();
        let ended = self.wait();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stderr
    }

    /// Waits for the end of the process.
    pub fn wait(mut self) -> Ended {
        let code = deadline::exit(&mut self.child).code();
        let rest = self.stderr.take().map(|stderr| stderr.rest()).unwrap_or_default();
        Ended { code, stdout: String::new(), stderr: mem::take(&mut self.startup_log) + &rest }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only a failed case leaves a running server.
        if thread::panicking() {
            let _ended = self.child.kill();
        }
    }
}
