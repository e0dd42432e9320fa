//! Waits for processes, with a timeout.

use super::{LIMIT, Lines, poll_for, timed_out};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// Waits until a process has ended. On a timeout it is killed.
#[track_caller]
pub fn exit(child: &mut Child) -> ExitStatus {
    let status = poll_for(LIMIT, || child.try_wait().expect("a child can be waited for"));
    status.unwrap_or_else(|| {
        // It may have ended meanwhile.
        let _ended = child.kill();
        timed_out("the end of a process")
    })
}

/// Runs a command without input, as [`Command::output`] does, until it has ended. On a timeout it is killed.
///
/// # Example
/// ```
/// use gochat_test_support::deadline;
/// use std::process::Command;
///
/// assert_eq!(deadline::run(Command::new("echo").arg("hello")).stdout, b"hello\n");
/// ```
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    output(piped.spawn().expect("the program can be started"))
}

/// Waits until a process has ended, and returns what it wrote to its pipes. On a timeout it is killed.
#[track_caller]
pub fn output(mut child: Child) -> Output {
    drop(child.stdin.take());
    let (stdout, stderr) = (child.stdout.take().map(Lines::of), child.stderr.take().map(Lines::of));
    let status = exit(&mut child);
    let bytes = |lines: Option<Lines>| lines.map_or_else(Vec::new, |lines| lines.bytes());
    Output { status, stdout: bytes(stdout), stderr: bytes(stderr) }
}
