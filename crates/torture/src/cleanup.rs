//! The end of what this program started, whatever ends it.

use anyhow::Context;
use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
};

/// A shell that is told the ids of processes, and `-` before those that have ended. When its input ends, which the kernel sees to,
/// it kills the others, and removes the folder when they have ended, or after 10 seconds.
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
        # A zombie has ended, though nobody may reap it.
        grep -q "^State:[[:space:]]*[^[:space:]XZ]" "/proc/$id/status" && running=$id
    done
    [ -n "$running" ] || break
    sleep 0.01
done
rm -rf "$1"
"#;

static INPUT: OnceLock<Mutex<ChildStdin>> = OnceLock::new();

/// Starts the shell, which removes `folder` in the end.
pub fn start(folder: &Path) -> anyhow::Result<()> {
    let mut shell = Command::new("sh")
        .args(["-c", SHELL, "cleanup"])
        .arg(folder)
        // Away from the signals that a terminal sends to this program.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let input = shell.stdin.take().context("the shell has no input")?;
    INPUT.get_or_init(|| Mutex::new(input));
    Ok(())
}

/// Has a process killed in the end.
pub fn watch(id: u32) {
    say(&format!("{id}\n"));
}

/// Forgets a process that has ended, as another one may get its id.
pub fn forget(id: u32) {
    say(&format!("-{id}\n"));
}

fn say(line: &str) {
    let Some(input) = INPUT.get() else { return };
    let written = input.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
    if let Err(error) = written {
        eprintln!("nobody cleans up: {error}");
    }
}
