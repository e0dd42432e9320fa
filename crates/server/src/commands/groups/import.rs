//! `gochat groups import`

mod counts;
mod gzip;
mod input;
mod mode;

use super::{progress::Progress, records::Record, stop::stop_signal};
use crate::{
    cli::{FileFormat, ImportGroups},
    settings::{DatabaseSettings, Settings},
    startup,
};
use anyhow::{Context, ensure};
use counts::Counts;
use futures_util::{
    Stream, StreamExt,
    future::{Either, select},
};
use gochat_adapters::{CommitOptions, DatabaseUrl};
use gochat_domain::{auth::Caller, ports::GroupReader};
use indicatif::HumanCount;
use mode::{ImportMode, Outcome, SeenNames};
use std::{pin::pin, process::ExitCode, sync::Arc};

/// Creates a group for each line of a file, and reports the outcomes.
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
    let format = input::format(command)?;
    let is_csv = format == FileFormat::Csv;
    ensure!(is_csv || command.delimiter.is_none(), "--delimiter is for CSV; the file is read as NDJSON");
    let (input, size) = input::open(command)?;
    let mut progress = Progress::new(size, command.progress_every)?;
    let mut counts = Counts::new(command.dry_run);
    let import = async |mode: ImportMode<'_>, in_flight| {
        let records = input::read_ahead(input, format, command.delimiter)?;
        let records = records
            .map(|record| record.with_context(|| format!("cannot read {}", input::name(&command.file))));
        import_all(&mode, records, in_flight, &mut counts, &mut progress).await
    };
    let end = if command.dry_run {
        existing_groups(&settings.database).and_then(|existing| {
            let in_flight = in_flight(settings.writer).min(settings.database.options.read_queue);
            actix_web::rt::System::new().block_on(import(ImportMode::DryRun(existing), in_flight))
        })
    } else {
        super::with_groups(settings, async |groups| {
            let permit = Caller::operator().permit()?;
            import(ImportMode::Store(groups, permit), in_flight(settings.writer)).await
        })
    };
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

/// Opens the database for a dry run; `None` if there is no database yet. Creates and migrates nothing.
fn existing_groups(settings: &DatabaseSettings) -> anyhow::Result<Option<Arc<dyn GroupReader>>> {
    let exists = match &settings.url {
        DatabaseUrl::SqliteFile(path) => {
            path.try_exists().with_context(|| format!("cannot check whether {} exists", path.display()))?
        }
        DatabaseUrl::SqliteMemory => false,
        DatabaseUrl::Postgres(_) => true,
    };
    let without_migration = DatabaseSettings { migrate_on_start: false, ..settings.clone() };
    exists.then(|| Ok(startup::open(&without_migration)?.group_reader())).transpose()
}

/// Number of requests in flight: enough to fill the next batches while one commits, and never more than the queue
/// takes.
fn in_flight(writer: CommitOptions) -> usize {
    (4 * writer.batch * writer.writers).min(writer.queue)
}

/// The end of an import that did not fail.
enum End {
    Complete,
    /// A signal stopped the import. The value is the exit code for that signal.
    Interrupted(ExitCode),
}

/// Imports records concurrently, and reports the outcomes in the order of the lines.
async fn import_all(
    mode: &ImportMode<'_>,
    records: impl Stream<Item = anyhow::Result<Record>>,
    in_flight: usize,
    counts: &mut Counts,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    let import = async |record: anyhow::Result<Record>| {
        let Record { line, position, group } = record?;
        let outcome = mode.import(group).await.with_context(|| format!("line {line}"))?;
        anyhow::Ok((line, position, outcome))
    };
    let mut outcomes = pin!(records.map(import).buffered(in_flight));
    let mut stop = pin!(stop_signal()?);
    let mut new_names = SeenNames::default();
    loop {
        let (line, position, outcome) = match select(outcomes.next(), stop.as_mut()).await {
            Either::Left((Some(outcome), _)) => outcome?,
            Either::Left((None, _)) => return Ok(End::Complete),
            Either::Right((code, _)) => return Ok(End::Interrupted(code)),
        };
        match outcome {
            Outcome::Created => counts.created += 1,
            // Only the first of several lines with the same name would be created.
            Outcome::WouldCreate(name) if new_names.insert(&name) => counts.created += 1,
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
