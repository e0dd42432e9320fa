//! Exports to a file.

mod rows;

pub(in crate::commands) use rows::Rows;

use super::{progress::Progress, stop::stop_signal};
use crate::{
    cli::{ExportFile, FileFormat, is_standard_stream},
    commands::{standard_output, with_database},
    settings::Settings,
};
use anyhow::Context;
use futures_util::future::{Either, select};
use gochat_adapters::{CommitQueue, Database};
use indicatif::HumanCount;
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, IsTerminal, Write},
    path::Path,
    pin::pin,
    process::ExitCode,
};

/// The records of an export, page by page.
pub(in crate::commands) trait Source {
    /// Header of CSV.
    const COLUMNS: &str;
    /// Name of a row in messages.
    const ONE: &str;
    /// Name of several rows in messages.
    const MANY: &str;

    /// Appends the rows of the next page. Returns true if there may be further pages.
    async fn append_page(&mut self, rows: &mut Rows) -> anyhow::Result<bool>;
}

/// Exports all rows of a source, and reports their number.
pub(in crate::commands) fn run<S: Source>(
    settings: &Settings,
    command: &ExportFile,
    source: impl FnOnce(&Database, &CommitQueue) -> S,
) -> anyhow::Result<ExitCode> {
    let format = command.format()?;
    let mut progress = Progress::new(None, command.progress_every)?;
    let end = with_database(settings, async |database, queue| {
        let mut source = source(database, queue);
        if is_standard_stream(&command.file) {
            to_standard_output(&mut source, format, &mut progress).await
        } else {
            let failed = || format!("{} is not written", command.file.display());
            to_file(&mut source, &command.file, format, &mut progress).await.with_context(failed)
        }
    });
    match end.inspect_err(|_| progress.end_silently())? {
        End::Complete(1) => progress.end(&format!("exported 1 {}", S::ONE)),
        End::Complete(rows) => progress.end(&format!("exported {} {}", HumanCount(rows), S::MANY)),
        End::Closed => progress.end("standard output was closed before the end"),
        End::Interrupted(code) => {
            progress.end(&format!("interrupted: {} is not written", command.file.display()));
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The end of an export that did not fail.
enum End {
    /// All rows were written. The value is their number.
    Complete(u64),
    /// The reader of standard output closed it.
    Closed,
    /// A signal stopped the export. The value is the exit code for that signal.
    Interrupted(ExitCode),
}

async fn to_standard_output(
    source: &mut impl Source,
    format: FileFormat,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        // A progress bar would mix with the exported text.
        progress.hide();
    }
    match export(source, format, &mut out, progress).await {
        Err(error) if error.downcast_ref().is_some_and(standard_output::is_closed) => Ok(End::Closed),
        end => end,
    }
}

/// Writes to a temporary file beside `file`, and renames it once it is complete and on disk.
async fn to_file(
    source: &mut impl Source,
    file: &Path,
    format: FileFormat,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    // Follows symbolic links. A file that does not exist yet has no canonical name.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&file).is_ok_and(|found| !found.is_file()) {
        // A pipe or a device is written to, not replaced.
        let mut out = File::options().write(true).open(file)?;
        return export(source, format, &mut out, progress).await;
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut prefix = OsString::from(".");
    prefix.push(file.file_name().context("it has no file name")?);
    prefix.push(".");
    // The signal handlers are installed before the temporary file exists: without them, a signal would leave the file
    // behind.
    let stop = pin!(stop_signal()?);
    let mut part = tempfile::Builder::new().prefix(&prefix).suffix(".part").tempfile_in(folder)?;
    let end = {
        let export = pin!(export(source, format, part.as_file_mut(), progress));
        match select(stop, export).await {
            Either::Left((code, _)) => return Ok(End::Interrupted(code)),
            Either::Right((end, _)) => end?,
        }
    };
    part.as_file().sync_all()?;
    part.persist(&file)?;
    Ok(end)
}

/// Writes all rows, page by page.
async fn export<S: Source>(
    source: &mut S,
    format: FileFormat,
    out: &mut impl Write,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    let mut rows = Rows::new(format, S::COLUMNS);
    loop {
        let has_more = source.append_page(&mut rows).await?;
        out.write_all(&rows.text)?;
        rows.text.clear();
        let written = rows.count;
        progress.reached(written, written, || format!("{} {}", HumanCount(written), S::MANY));
        if !has_more {
            out.flush()?;
            return Ok(End::Complete(written));
        }
    }
}
