//! Imports of files.

mod counts;
mod gzip;
mod input;
mod seen;

use super::{
    outcome::Outcome,
    progress::Progress,
    records::{FileRecord, Record},
    remote::{self, Remote},
    stop::stop_signal,
};
use crate::{
    cli::{FileFormat, ImportFile},
    commands::with_database,
    settings::{DatabaseSettings, Settings},
    startup,
};
use anyhow::{Context, ensure};
use counts::Counts;
use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
};
use gochat_adapters::{CommitOptions, CommitQueue, Database, DatabaseUrl};
use indicatif::HumanCount;
use seen::SeenKeys;
use std::{hash::Hash, pin::pin, process::ExitCode};

/// Stores the records of an import.
pub(in crate::commands) trait Importer {
    /// The records of the file.
    type Record: FileRecord;
    /// The key of a record. No two records with the same key are stored.
    type Key: Hash;

    /// Stores a record, or in a dry run looks up what storing it would do. An error ends the import.
    async fn import(&self, record: Self::Record) -> anyhow::Result<Outcome<Self::Key>>;
}

/// Stores each line of a file, and reports the outcomes. A dry run gets the database if there is one, and does not
/// migrate it. With `--to`, the lines go to a server: to its operation at `path`.
pub(in crate::commands) fn run<S: Importer, D: Importer, R: Importer>(
    settings: &Settings,
    command: &ImportFile,
    store: impl FnOnce(&Database, &CommitQueue) -> S,
    dry_run: impl FnOnce(Option<&Database>) -> D,
    (path, send): (&str, impl FnOnce(Remote) -> R),
) -> ExitCode {
    let imported = Import::open(command).and_then(|mut import| {
        let end = match &command.to {
            Some(_) => actix_web::rt::System::new().block_on(async {
                let remote = send(Remote::open(command, path)?);
                import.run(&remote, remote::IN_FLIGHT).await
            }),
            None => store_or_look_up(settings, &mut import, store, dry_run),
        };
        import.report(end)
    });
    imported.unwrap_or_else(|error| {
        eprintln!("gochat: {error:#}");
        ExitCode::from(2)
    })
}

fn store_or_look_up<S: Importer, D: Importer>(
    settings: &Settings,
    import: &mut Import<'_>,
    store: impl FnOnce(&Database, &CommitQueue) -> S,
    dry_run: impl FnOnce(Option<&Database>) -> D,
) -> anyhow::Result<End> {
    if import.command.dry_run {
        existing_database(&settings.database).and_then(|existing| {
            let importer = dry_run(existing.as_ref());
            let in_flight = in_flight(settings.writer).min(settings.database.options.read_queue);
            actix_web::rt::System::new().block_on(import.run(&importer, in_flight))
        })
    } else {
        with_database(settings, async |database, queue| {
            import.run(&store(database, queue), in_flight(settings.writer)).await
        })
    }
}

/// Opens the database for a dry run; `None` if there is no database yet. Creates and migrates nothing.
fn existing_database(settings: &DatabaseSettings) -> anyhow::Result<Option<Database>> {
    let exists = match &settings.url {
        DatabaseUrl::SqliteFile(path) => {
            path.try_exists().with_context(|| format!("cannot check whether {} exists", path.display()))?
        }
        DatabaseUrl::SqliteMemory => false,
        DatabaseUrl::Postgres(_) => true,
    };
    let without_migration = DatabaseSettings { migrate_on_start: false, ..settings.clone() };
    exists.then(|| startup::open(&without_migration)).transpose()
}

/// Maximum number of requests in flight of each writer. On a slow database the last of them waits for all others, and must
/// not time out.
const MAX_IN_FLIGHT: usize = 1_024;

/// Number of requests in flight: enough to fill the next batches while one commits, and never more than the queue
/// takes.
fn in_flight(writer: CommitOptions) -> usize {
    ((4 * writer.batch).min(MAX_IN_FLIGHT) * writer.writers).min(writer.queue)
}

/// The end of an import that did not fail.
enum End {
    Complete,
    /// A signal stopped the import. The value is the exit code for that signal.
    Interrupted(ExitCode),
}

/// A file that is imported.
struct Import<'a> {
    command: &'a ImportFile,
    format: FileFormat,
    /// The text, until it is read.
    input: Option<input::Input>,
    counts: Counts,
    progress: Progress,
}

impl<'a> Import<'a> {
    fn open(command: &'a ImportFile) -> anyhow::Result<Self> {
        let format = input::format(command)?;
        let is_csv = format == FileFormat::Csv;
        ensure!(is_csv || command.delimiter.is_none(), "--delimiter is for CSV; the file is read as NDJSON");
        let (input, size) = input::open(command)?;
        let progress = Progress::new(size, command.progress_every)?;
        Ok(Self { command, format, input: Some(input), counts: Counts::new(command.dry_run), progress })
    }

    /// Imports the records concurrently, and reports the outcomes in the order of the lines.
    async fn run<I: Importer>(&mut self, importer: &I, in_flight: usize) -> anyhow::Result<End> {
        let input = self.input.take().context("the file was read already")?;
        let cannot = || format!("cannot read {}", input::name(&self.command.file));
        let records = input::read_ahead(input, self.format, self.command.delimiter)?;
        let records = records.map(|record| record.with_context(cannot));
        import_all(importer, records, in_flight, &mut self.counts, &mut self.progress).await
    }

    /// Reports the end.
    fn report(&self, end: anyhow::Result<End>) -> anyhow::Result<ExitCode> {
        let Self { counts, progress, .. } = self;
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
}

/// Imports records concurrently, and reports the outcomes in the order of the lines.
async fn import_all<I: Importer>(
    importer: &I,
    records: impl Stream<Item = anyhow::Result<Record<I::Record>>>,
    in_flight: usize,
    counts: &mut Counts,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    let import = async |record: anyhow::Result<Record<I::Record>>| {
        let Record { line, position, value } = record?;
        let outcome = match value {
            Ok(value) => importer.import(value).await.with_context(|| format!("line {line}"))?,
            Err(reason) => Outcome::Refused(reason),
        };
        anyhow::Ok((line, position, outcome))
    };
    let mut outcomes = pin!(records.map(import).buffered(in_flight));
    let mut stop = pin!(stop_signal()?);
    let mut new_keys = SeenKeys::default();
    loop {
        let (line, position, outcome) = match select(outcomes.next(), stop.as_mut()).await {
            Either::Left((Some(outcome), _)) => outcome?,
            Either::Left((None, _)) => return Ok(End::Complete),
            Either::Right((code, _)) => return Ok(End::Interrupted(code)),
        };
        match outcome {
            Outcome::Created => counts.created += 1,
            // Only the first of several lines with the same key would be created.
            Outcome::WouldCreate(key) if new_keys.insert(&key) => counts.created += 1,
            Outcome::AlreadyExists | Outcome::WouldCreate(_) => counts.already_existing += 1,
            Outcome::Refused(reason) => {
                counts.refused += 1;
                progress.say(&format!("line {line}: {reason}"));
            }
        }
        counts.line = line;
        progress.reached(line, position, || format!("line {}: {counts}", HumanCount(line)));
    }
}
