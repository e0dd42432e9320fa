//! The binary as a process.

use gochat_test_support::{
    TestDatabase,
    deadline::{self, Lines},
};
use std::{
    io::{BufRead, BufReader, Write},
    mem,
    ops::Range,
    path::Path,
    process::{Child, ChildStderr, Command, Output, Stdio},
    thread,
};
use tempfile::TempDir;

/// What a command that ended has left.
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

/// The binary with these arguments and variables and no others of its own, in `folder`.
pub fn command(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    command_by(&[], folder, arguments, variables)
}

/// The same, started by a program that becomes it, like `env`.
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

/// Sends a signal, like `-INT`, to a process that runs.
pub fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Runs a command in `folder` until it ends.
pub fn run_in(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    deadline::run(&mut command(folder, arguments, variables)).into()
}

/// Runs a command on a database until it ends.
pub fn run(database: &TestDatabase, arguments: &[&str]) -> Ended {
    run_in(TempDir::new().unwrap().path(), arguments, &[("GOCHAT__DATABASE__URL", database.url())])
}

/// Runs a command on a database until it ends, with `input` on its standard input.
pub fn run_with(database: &TestDatabase, arguments: &[&str], input: &[u8]) -> Ended {
    let folder = TempDir::new().unwrap();
    let mut child = command(folder.path(), arguments, &[("GOCHAT__DATABASE__URL", database.url())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A command that ends early does not read all of it.
        scope.spawn(move || drop(stdin.write_all(input)));
        Ended::from(deadline::output(child))
    })
}

/// A line of NDJSON for each of `numbers`, a group whose name begins with `prefix`.
pub fn ndjson(prefix: &str, numbers: Range<usize>) -> String {
    let line = |number| format!("{{\"name\":\"{prefix}{number:04}\",\"token\":\"t\",\"admin_id\":1}}\n");
    numbers.map(line).collect::<Vec<_>>().concat()
}

/// A server that runs.
pub struct Server {
    pub port: u16,
    pub admin_port: u16,
    child: Child,
    /// What it said until it listened.
    said: String,
    /// What it says from then on.
    stderr: Option<Lines>,
    _folder: TempDir,
}

impl Server {
    /// Starts a server on a database, on a port of its own, and returns when it listens.
    pub fn start(database: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::start_by(&[], database, variables)
    }

    /// The same, by a program that becomes the server.
    pub fn start_by(starter: &[&str], database: &TestDatabase, variables: &[(&str, &str)]) -> Self {
        let (mut server, stderr) = Self::start_unread_by(starter, database, variables);
        server.read(stderr);
        server
    }

    /// The same, with the pipe of its standard error, which nothing reads from then on.
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

    /// Starts a server by a command that was put together elsewhere, and returns when it listens.
    pub fn spawn(command: Command, folder: TempDir) -> Self {
        let (mut server, stderr) = Self::spawn_unread(command, folder);
        server.read(stderr);
        server
    }

    fn spawn_unread(mut command: Command, folder: TempDir) -> (Self, BufReader<ChildStderr>) {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let mut port_in_the_line_with = |mark: &str| {
            loop {
                let mut line = String::new();
                assert!(stderr.read_line(&mut line).unwrap() > 0, "the server ended: {said}");
                said += &line;
                if let Some((_, address)) = line.split_once(&format!("{mark} on http://127.0.0.1:")) {
                    break address.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
                }
            }
        };
        let port = port_in_the_line_with("listening");
        let admin_port = port_in_the_line_with("admin listener");
        (Self { port, admin_port, child, said, stderr: None, _folder: folder }, stderr)
    }

    /// Starts to read what it says.
    pub fn read(&mut self, stderr: BufReader<ChildStderr>) {
        self.stderr = Some(Lines::of(stderr));
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Tells the server to stop, as whoever runs it does.
    pub fn terminate(&self) {
        signal(&self.child, "-TERM");
    }

    /// Tells the server to stop, as a key of the terminal does.
    pub fn interrupt(&self) {
        signal(&self.child, "-INT");
    }

    /// Ends the server, as the kernel does when memory is short.
    pub fn kill(&self) {
        signal(&self.child, "-KILL");
    }

    /// Waits until it ended.
    pub fn wait(mut self) -> Ended {
        let code = deadline::exit(&mut self.child).code();
        let rest = self.stderr.take().map(|stderr| stderr.rest()).unwrap_or_default();
        Ended { code, stdout: String::new(), stderr: mem::take(&mut self.said) + &rest }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only a case that failed leaves a server that runs.
        if thread::panicking() {
            let _ended = self.child.kill();
        }
    }
}
