//! Kills the processes that this program started and removes its folder, however this program ends.

use anyhow::Context;
use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

/// A shell script that reads process ids; a `-` before an id means that the process has ended. Its input closes when this program
/// ends for any reason. Then it kills the processes that have not ended, waits up to 10 seconds for them to end, and removes the folder.
const SHELL: &str = r#"
left=
while read -r id; do
    case $id in
        -*) left=$(echo "$left " | sed "s/ ${id#-} / /;s/ *$//") ;;
        *) left="$left $id" ;;
    esac
done
[ -z "$left" ] || kill -KILL $left
for _ in $(seq 1000); do
    running=
    for id in $left; do
        # A zombie has ended, even if its parent does not reap it.
        grep -q "^State:[[:space:]]*[^[:space:]XZ]" "/proc/$id/status" && running=$id
    done
    [ -n "$running" ] || break
    sleep 0.01
done
rm -rf "$1"
"#;

static INPUT: OnceLock<Mutex<ChildStdin>> = OnceLock::new();

/// Starts the script, which removes `folder` at the end.
pub fn start(folder: &Path) -> anyhow::Result<()> {
    let mut shell = Command::new("sh")
        .args(["-c", SHELL, "cleanup"])
        .arg(folder)
        // So that signals of the terminal do not reach it.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let input = shell.stdin.take().context("the shell has no input")?;
    INPUT.get_or_init(|| Mutex::new(input));
    Ok(())
}

/// Registers a process, to be killed at the end.
pub fn register(id: u32) {
    send(&format!("{id}\n"));
}

/// Removes a process that has ended, as its id may be reused.
pub fn unregister(id: u32) {
    send(&format!("-{id}\n"));
}

fn send(line: &str) {
    let Some(input) = INPUT.get() else { return };
    let written = input.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    if let Err(error) = written {
        eprintln!("processes may stay behind, as the cleanup script has ended: {error}");
    }
}
