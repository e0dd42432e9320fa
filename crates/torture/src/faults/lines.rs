//! A stream of lines that breaks again and again, and is sent again.

mod sent_lines;
mod stream;

use super::Fault;
use crate::{deployment::Deployment, server::Server, trial::Trial};
use anyhow::ensure;
use sent_lines::{LineAnswer, SentLines};
use std::time::Duration;

pub struct Lines;

/// Number of lines of a stream. The answers to half of them fill the buffers of the connection and of the server.
const LINES: usize = 25_000;

/// Maximum growth of resident memory while a reader stalls, in MiB.
const MAX_MEMORY_GROWTH: u64 = 64;

/// The faults of a round. Each breaks a stream of its own.
const BREAKS: [Break; 4] = [Break::Cut, Break::Kill, Break::Stall, Break::Cut];

#[derive(Debug, Clone, Copy)]
enum Break {
    /// The client closes the connection.
    Cut,
    /// The server is killed.
    Kill,
    /// The client stops reading, until the server closes the connection.
    Stall,
}

impl Fault for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn about(&self) -> &'static str {
        "a stream of lines is broken four times: cut, by SIGKILL of the server, by a reader that stalls; it is sent whole each time, and stores nothing twice"
    }

    fn is_long(&self) -> bool {
        true
    }

    fn round_time(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn run(&self, trial: &mut Trial) -> anyhow::Result<()> {
        while trial.next_round(5, 1) {
            let deployment = trial.deployment()?.with_setting("GOCHAT__HTTP__REQUEST_TIMEOUT", "2s");
            let mut lines = SentLines::new(trial, LINES)?;
            let mut server = deployment.start()?;
            for kind in BREAKS {
                let at = trial.rng.usize(1..LINES / 5);
                let answers = broken(kind, at, &lines, trial, &deployment, &mut server)?;
                lines.record(trial, &answers);
                trial.compare(lines.ledger(), &deployment.stored()?);
            }
            let answers = whole(&lines, &deployment, &server)?;
            lines.record(trial, &answers);
            let rows = deployment.stored()?;
            trial.compare(lines.ledger(), &rows);
            trial.expect(rows.len() == LINES, || format!("{} groups of {LINES} lines", rows.len()));
            let answers = whole(&lines, &deployment, &server)?;
            lines.check_repeated(trial, &answers, &rows);
            trial.expect(deployment.stored()? == rows, || "a stream of stored lines stored more".to_owned());
            server.terminate()?;
            trial.check_logs(&deployment)?;
        }
        trial.note(format!("each answered line of the streams of {LINES} lines counts as a request"));
        Ok(())
    }
}

/// Sends all lines, and breaks the stream after `at` answers. Returns the answers. Afterwards a server runs.
fn broken(
    kind: Break,
    at: usize,
    lines: &SentLines,
    trial: &mut Trial,
    deployment: &Deployment,
    server: &mut Server,
) -> anyhow::Result<Vec<LineAnswer>> {
    let memory = server.start_memory_measurement()?;
    let (answers, is_complete) = stream::send(server.port, &deployment.key, lines.body(), |reader| {
        let mut answers = reader.read(at)?;
        match kind {
            Break::Cut => return Ok((answers, false)),
            Break::Kill => server.kill()?,
            Break::Stall => {
                reader.wait_for_reset()?;
                let grown = server.memory_growth(memory)?;
                trial.expect(grown < MAX_MEMORY_GROWTH, || format!("the memory grew by {grown} MiB"));
            }
        }
        answers.extend(reader.read(usize::MAX)?);
        Ok((answers, reader.is_complete()))
    })?;
    trial.expect(!is_complete, || format!("the stream is complete, in spite of {kind:?} after {at} answers"));
    trial.tally.broken += 1;
    if !server.is_alive()? {
        *server = deployment.start()?;
    }
    Ok(answers)
}

/// Sends all lines, and returns the answers to all of them.
fn whole(lines: &SentLines, deployment: &Deployment, server: &Server) -> anyhow::Result<Vec<LineAnswer>> {
    stream::send(server.port, &deployment.key, lines.body(), |reader| {
        let answers = reader.read(usize::MAX)?;
        ensure!(reader.is_complete(), "a stream broke by itself after {} answers", answers.len());
        Ok(answers)
    })
}
