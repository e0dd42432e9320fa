//! `gochat groups export`

mod rows;

use super::{backoff, progress::Progress, stop::stop_signal};
use crate::{
    cli::{ExportGroups, FileFormat, is_standard_stream},
    commands::standard_output,
    settings::Settings,
};
use anyhow::Context;
use backon::Retryable;
use futures_util::future::{Either, select};
use gochat_domain::{auth::Caller, page::PageSize, ports::StorageError, service::GroupService};
use indicatif::HumanCount;
use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, IsTerminal, Write},
    path::Path,
    pin::pin,
    process::ExitCode,
};

/// Exports all groups, and reports their number.
pub(super) fn run(settings: &Settings, command: &ExportGroups) -> anyhow::Result<ExitCode> {
    let format = FileFormat::of(&command.file, command.format)?;
    let mut progress = Progress::new(None, command.progress_every)?;
    let end = super::with_groups(settings, async |groups| {
        if is_standard_stream(&command.file) {
            to_standard_output(groups, format, &mut progress).await
        } else {
            let failed = || format!("{} is not written", command.file.display());
            to_file(groups, &command.file, format, &mut progress).await.with_context(failed)
        }
    });
    match end.inspect_err(|_| progress.end_silently())? {
        End::Complete(1) => progress.end("exported 1 group"),
        End::Complete(groups) => progress.end(&format!("exported {} groups", HumanCount(groups))),
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
    /// All groups were written. The value is their number.
    Complete(u64),
    /// The reader of standard output closed it.
    Closed,
    /// A signal stopped the export. The value is the exit code for that signal.
    Interrupted(ExitCode),
}

async fn to_standard_output(
    groups: &GroupService,
    format: FileFormat,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        // A progress bar would mix with the exported text.
        progress.hide();
    }
    match export(groups, format, &mut out, progress).await {
        Err(error) if error.downcast_ref().is_some_and(standard_output::is_closed) => Ok(End::Closed),
        end => end,
    }
}

/// Writes to a temporary file beside `file`, and renames it once it is complete and on disk.
async fn to_file(
    groups: &GroupService,
    file: &Path,
    format: FileFormat,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    // Follows symbolic links. A file that does not exist yet has no canonical name.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&file).is_ok_and(|found| !found.is_file()) {
        // A pipe or a device is written to, not replaced.
        let mut out = File::options().write(true).open(file)?;
        return export(groups, format, &mut out, progress).await;
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
        let export = pin!(export(groups, format, part.as_file_mut(), progress));
        match select(stop, export).await {
            Either::Left((code, _)) => return Ok(End::Interrupted(code)),
            Either::Right((end, _)) => end?,
        }
    };
    part.as_file().sync_all()?;
    part.persist(&file)?;
    Ok(end)
}

/// Writes all groups, page by page.
async fn export(
    groups: &GroupService,
    format: FileFormat,
    out: &mut impl Write,
    progress: &mut Progress,
) -> anyhow::Result<End> {
    let permit = Caller::operator().permit()?;
    let (mut after, mut written) = (None, 0);
    let mut text = rows::header(format);
    loop {
        let list = async || groups.list(permit, after, PageSize::MAX).await;
        let page = list.retry(backoff::policy()).when(StorageError::is_transient).await?;
        rows::append(&mut text, &page.items, format)?;
        out.write_all(&text)?;
        text.clear();
        written += page.items.len() as u64;
        progress.reached(written, written, || format!("{} groups", HumanCount(written)));
        after = page.next_after;
        if after.is_none() {
            out.flush()?;
            return Ok(End::Complete(written));
        }
    }
}
