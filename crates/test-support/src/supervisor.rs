//! Supervisors: shells that clean up after a test process, even if it is killed.

use crate::deadline::{LIMIT, Lines, poll_for};
use anyhow::{Context, bail};
use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// A shell that runs something for this process, and cleans up when its standard input ends.
///
/// The kernel closes the pipe when this process ends, so a killed test leaves nothing behind.
pub(crate) struct Supervisor {
    shell: Child,
    answers: Mutex<Lines>,
}

/// Each input line is a function of the script with its argument. The answer is `done`, or an error message. At the
/// end of the input, the function `end` cleans up.
const LOOP: &str = r#"
output=$(mktemp)
while read -r function argument; do
    if "$function" $argument >"$output" 2>&1 </dev/null; then
        echo done
    else
        tr '\n' ' ' <"$output"
        echo
    fi
done
rm "$output"
end >/dev/null
"#;

impl Supervisor {
    /// Starts `shell`, a command that takes the arguments of `sh`. It runs `script`, which defines the functions and
    /// finds `arguments` in `$1`, `$2` and so on, and then serves the input lines.
    pub(crate) fn start(mut shell: Command, script: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        if let Some(folder) = shell.get_current_dir().map(Path::to_owned) {
            // The server's user can write to this folder, but perhaps not to the folder of temporary files.
            shell.env("TMPDIR", folder);
        }
        let mut shell = shell
            .arg("-c")
            .args([&(script.to_owned() + LOOP), "supervisor"])
            .args(arguments)
            // Shields the shell from signals that a terminal sends to this process.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let answers = Lines::of(shell.stdout.take().context("the supervisor has no output")?);
        Ok(Self { shell, answers: Mutex::new(answers) })
    }

    /// Sends a line, and waits for the answer `done`; any other answer is an error.
    pub(crate) fn ask(&self, line: &str) -> anyhow::Result<()> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut input = self.shell.stdin.as_ref().context("the supervisor has no input")?;
        input.write_all(format!("{line}\n").as_bytes())?;
        match answers.line().as_deref() {
            Some("done\n") => Ok(()),
            answer => bail!("{line}: {}", answer.unwrap_or("the supervisor ended").trim_end()),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Closing its input ends the shell.
        drop(self.shell.stdin.take());
        let ended = poll_for(LIMIT, || {
            self.shell.try_wait().map_or_else(|error| Some(Err(error)), |status| status.map(Ok))
        });
        match ended {
            Some(Ok(_)) => {}
            Some(Err(error)) => eprintln!("a supervisor still runs: {error}"),
            None => eprintln!("a supervisor still runs: it did not end in {} s", LIMIT.as_secs()),
        }
    }
}
