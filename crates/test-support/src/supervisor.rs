//! The end of what a test process started, whatever ends that process.

use crate::deadline::Lines;
use anyhow::{Context, bail};
use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// A shell that keeps something for this process, and cleans up when its standard input ends.
///
/// The kernel closes the pipe with this process, so nothing is left behind by a test that is killed.
pub(crate) struct Supervisor {
    shell: Child,
    answers: Mutex<Lines>,
}

/// Each line of input is a function of the script with its argument; it is answered by `done`, or by what went wrong. At the end
/// of the input the function `end` cleans up.
const LOOP: &str = r#"
complaint=$(mktemp)
while read -r function argument; do
    if "$function" $argument >"$complaint" 2>&1 </dev/null; then
        echo done
    else
        tr '\n' ' ' <"$complaint"
        echo
    fi
done
rm "$complaint"
end >/dev/null
"#;

impl Supervisor {
    /// Starts `shell`, which takes the arguments of `sh`, with the functions of `script`, and the arguments of `script`.
    pub(crate) fn start(mut shell: Command, script: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut shell = shell
            .arg("-c")
            .args([&(script.to_owned() + LOOP), "supervisor"])
            .args(arguments)
            // Away from the signals that a terminal sends to this process.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let answers = Lines::of(shell.stdout.take().context("the supervisor has no output")?);
        Ok(Self { shell, answers: Mutex::new(answers) })
    }

    /// Sends a line, and returns when it is answered by `done`; any other answer is the error.
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
        // `wait` closes the pipe first.
        if let Err(error) = self.shell.wait() {
            eprintln!("a supervisor goes on: {error}");
        }
    }
}
