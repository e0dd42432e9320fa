//! `gochat groups import`

use super::{
    progress::Progress,
    records::{self, Record},
    retry::{PAUSES, retry},
    stop::stop_signal,
};
use crate::{
    cli::{FileFormat, ImportGroups, is_standard_stream},
    settings::Settings,
};
use anyhow::{Context, anyhow};
use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
    ready, stream,
};
use gochat_adapters::CommitOptions;
use gochat_domain::{
    auth::{Caller, GroupsWrite, Permit},
    group::CreateGroup,
    ports::CreateGroupError,
    service::GroupService,
};
use indicatif::HumanCount;
use std::{
    borrow::Cow,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
    pin::pin,
    process::ExitCode,
    task::Poll,
    thread,
};
use tokio::sync::mpsc;

/// How many records the reader may be ahead.
const READ_AHEAD: usize = 1024;
/// How much is read from the file at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// Creates a group for each line of a file, and says what became of them.
pub(super) fn run(settings: &Settings, command: &ImportGroups) -> ExitCode {
    match import(settings, command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gochat: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn import(settings: &Settings, command: &ImportGroups) -> anyhow::Result<ExitCode> {
    let format = FileFormat::of(&command.file, command.format)?;
    let (input, size) = open(command)?;
    let mut progress = Progress::new(size, command.progress_every)?;
    let mut counts = Counts::default();
    let end = super::with_groups(settings, async |groups| {
        let records = read_ahead(input, format)?
            .map(|record| record.with_context(|| format!("cannot read {}", name(&command.file))));
        create(groups, records, in_flight(settings.writer), &mut counts, &mut progress).await
    });
    match &end {
        Ok(End::Complete) => progress.end(&counts.to_string()),
        Ok(End::Interrupted(_)) => progress.end(&format!("interrupted after {}", counts.so_far())),
        Err(_) if counts.line > 0 => progress.end(&format!("stopped after {}", counts.so_far())),
        Err(_) => progress.end_silently(),
    }
    Ok(match end? {
        End::Interrupted(code) => code,
        End::Complete => ExitCode::from(u8::from(counts.refused > 0)),
    })
}

/// The input, and its size where that is known.
fn open(command: &ImportGroups) -> anyhow::Result<(Box<dyn BufRead + Send>, Option<u64>)> {
    if is_standard_stream(&command.file) {
        return Ok((Box::new(BufReader::with_capacity(CHUNK, io::stdin())), None));
    }
    let cannot = || format!("cannot read {}", name(&command.file));
    let file = File::open(&command.file).with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    let size = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(BufReader::with_capacity(CHUNK, file)), size))
}

fn name(file: &Path) -> Cow<'_, str> {
    if is_standard_stream(file) { "standard input".into() } else { file.to_string_lossy() }
}

/// As many requests as keep the next batches full while one is stored, and never find the queue full.
fn in_flight(writer: CommitOptions) -> usize {
    (4 * writer.batch * writer.writers).min(writer.queue)
}

/// Reads and checks records on a thread of their own.
fn read_ahead(
    input: Box<dyn BufRead + Send>,
    format: FileFormat,
) -> anyhow::Result<impl Stream<Item = anyhow::Result<Record>>> {
    let (sender, mut receiver) = mpsc::channel(READ_AHEAD);
    let read = move || {
        // Whoever no longer receives wants no more records.
        let send = |record| sender.blocking_send(record).is_ok();
        match records::read(input, format) {
            Ok(records) => {
                let mut records = records.map(|record| Ok(record?));
                while records.next().is_some_and(|record| record.is_ok() & send(record)) {}
            }
            Err(error) => drop(send(Err(error))),
        }
    };
    let mut reader = Some(thread::Builder::new().name("group-reader".to_owned()).spawn(read)?);
    Ok(stream::poll_fn(move |context| {
        let record = ready!(receiver.poll_recv(context));
        // The end of a reader that panicked is not the end of the file.
        if record.is_none() && reader.take().is_some_and(|reader| reader.join().is_err()) {
            return Poll::Ready(Some(Err(anyhow!("the reader of the file panicked"))));
        }
        Poll::Ready(record)
    }))
}

/// How an import ended, if it did not fail.
enum End {
    Complete,
    /// By a signal that this exit code tells.
    Interrupted(ExitCode),
}

/// What became of the records, up to a line.
#[derive(Default)]
struct Counts {
    line: u64,
    created: u64,
    there_already: u64,
    refused: u64,
}

impl Counts {
    fn so_far(&self) -> String {
        format!("line {}: {self}; the same import again stores nothing twice", HumanCount(self.line))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [created, there_already, refused] =
            [self.created, self.there_already, self.refused].map(HumanCount);
        write!(f, "created {created}, there already {there_already}, refused {refused}")
    }
}

/// Settles records, many at once, and takes the outcomes in the order of the lines.
async fn create(
    groups: &GroupService,
    records: impl Stream<Item = anyhow::Result<Record>>,
    in_flight: usize,
    counts: &mut Counts,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    let permit = Caller::operator().permit()?;
    let settle = async |record: anyhow::Result<Record>| {
        let Record { line, position, group } = record?;
        let outcome = settle(groups, permit, group).await.with_context(|| format!("line {line}"))?;
        anyhow::Ok((line, position, outcome))
    };
    let mut settled = pin!(records.map(settle).buffered(in_flight));
    let mut stop = pin!(stop_signal()?);
    loop {
        let (line, position, outcome) = match select(settled.next(), stop.as_mut()).await {
            Either::Left((Some(settled), _)) => settled?,
            Either::Left((None, _)) => return Ok(End::Complete),
            Either::Right((code, _)) => return Ok(End::Interrupted(code)),
        };
        match outcome {
            Outcome::Created => counts.created += 1,
            Outcome::ThereAlready => counts.there_already += 1,
            Outcome::Refused(reason) => {
                counts.refused += 1;
                progress.say(&format!("line {line}: {reason}"));
            }
        }
        counts.line = line;
        progress.reached(line, position, || format!("line {}: {counts}", HumanCount(line)));
    }
}

/// What became of one record.
enum Outcome {
    Created,
    ThereAlready,
    Refused(String),
}

async fn settle(
    groups: &GroupService,
    permit: Permit<GroupsWrite>,
    group: Result<CreateGroup, String>,
) -> Result<Outcome, CreateGroupError> {
    let group = match group {
        Ok(group) => group,
        Err(reason) => return Ok(Outcome::Refused(reason)),
    };
    let create = async || groups.create(permit, group.clone(), None).await;
    match retry(&PAUSES, create, CreateGroupError::is_transient).await {
        Ok(_) => Ok(Outcome::Created),
        Err(CreateGroupError::NameTaken) => Ok(Outcome::ThereAlready),
        Err(error) => Err(error),
    }
}
