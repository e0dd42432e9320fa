//! The end of what a test process started, whatever ends that process.

use crate::deadline::{LIMIT, Lines, poll_for};
use anyhow::{Context, bail};
use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

/// A shell that keeps something for this process, and cleans up when its standard input ends.
///
/// The kernel closes the pipe with this process, so nothing is left behind by a test that is killed.
pub(crate) struct Keeper {
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

impl Keeper {
    /// Starts `shell`, which takes the arguments of `sh`, with the functions of `script`, and the arguments of `script`.
    pub(crate) fn start(mut shell: Command, script: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        if let Some(folder) = shell.get_current_dir().map(Path::to_owned) {
            // A server's user may write there, and need not be able to in the folder of temporary files.
            shell.env("TMPDIR", folder);
        }
        let mut shell = shell
            .arg("-c")
            .args([&(script.to_owned() + LOOP), "keeper"])
            .args(arguments)
            // Away from the signals that a terminal sends to this process.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let answers = Lines::of(shell.stdout.take().context("the keeper has no output")?);
        Ok(Self { shell, answers: Mutex::new(answers) })
    }

    /// Sends a line, and returns when it is answered by `done`; any other answer is the error.
    pub(crate) fn ask(&self, line: &str) -> anyhow::Result<()> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut input = self.shell.stdin.as_ref().context("the keeper has no input")?;
        input.write_all(format!("{line}\n").as_bytes())?;
        match answers.line().as_deref() {
            Some("done\n") => Ok(()),
            answer => bail!("{line}: {}", answer.unwrap_or("the keeper ended").trim_end()),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.shell.stdin.take());
        let ended = poll_for(LIMIT, || {
            self.shell.try_wait().map_or_else(|error| Some(Err(error)), |status| status.map(Ok))
        });
        match ended {
            Some(Ok(_)) => {}
            Some(Err(error)) => eprintln!("a keeper goes on: {error}"),
            None => eprintln!("a keeper goes on: it did not end in {} s", LIMIT.as_secs()),
        }
    }
}
