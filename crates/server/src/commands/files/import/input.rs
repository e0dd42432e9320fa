//! The input of an import.

use super::gzip::Gunzip;
use crate::{
    cli::{Delimiter, FileFormat, ImportFile, is_standard_stream},
    commands::files::records::{self, FileRecord, Record},
};
use anyhow::{Context, anyhow};
use futures_util::{Stream, ready, stream};
use std::{
    borrow::Cow,
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::Path,
    task::Poll,
    thread,
};
use tokio::sync::mpsc;

/// Maximum number of records that are read ahead.
const READ_AHEAD: usize = 1024;
/// Size of a read from the file, in bytes.
const CHUNK: usize = 64 * 1024;

/// The text of a file.
pub(super) type Input = Box<dyn BufRead + Send>;

/// Determines the format of the input. If its name has no known extension and its content is not text, the error names
/// the kind of file.
pub(super) fn format(command: &ImportFile) -> anyhow::Result<FileFormat> {
    command.format().or_else(|unknown| {
        // Only a regular file can be probed: a pipe may not have data yet, and probing would consume it.
        if fs::metadata(&command.file).is_ok_and(|metadata| metadata.is_file()) {
            let (input, _) = open(command)?;
            records::kind::check(input).with_context(|| format!("cannot read {}", name(&command.file)))?;
        }
        Err(unknown)
    })
}

/// Opens the input. Returns its text, and its size if known.
pub(super) fn open(command: &ImportFile) -> anyhow::Result<(Input, Option<u64>)> {
    if is_standard_stream(&command.file) {
        return Ok((Box::new(BufReader::with_capacity(CHUNK, io::stdin())), None));
    }
    let cannot = || format!("cannot read {}", name(&command.file));
    let file = File::open(&command.file).with_context(cannot)?;
    let metadata = file.metadata().with_context(cannot)?;
    let file = BufReader::with_capacity(CHUNK, file);
    if command.is_gzipped() {
        // The size of the decompressed text is unknown.
        return Ok((Box::new(BufReader::with_capacity(CHUNK, Gunzip::new(file))), None));
    }
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

/// Returns the name of the input for messages.
pub(super) fn name(file: &Path) -> Cow<'_, str> {
    if is_standard_stream(file) { "standard input".into() } else { file.to_string_lossy() }
}

/// Reads and validates records on a separate thread.
pub(super) fn read_ahead<T: FileRecord>(
    input: Input,
    format: FileFormat,
    delimiter: Option<Delimiter>,
) -> anyhow::Result<impl Stream<Item = anyhow::Result<Record<T>>>> {
    let (sender, mut receiver) = mpsc::channel(READ_AHEAD);
    let read = move || {
        // A closed channel means that no more records are wanted.
        let send = |record| sender.blocking_send(record).is_ok();
        match records::read(input, format, delimiter) {
            Ok(records) => {
                let mut records = records.map(|record| Ok(record?));
                // `&` is not lazy, so an error is sent too, and then ends the loop.
                while records.next().is_some_and(|record| record.is_ok() & send(record)) {}
            }
            Err(error) => drop(send(Err(error))),
        }
    };
    let mut reader = Some(thread::Builder::new().name("file-reader".to_owned()).spawn(read)?);
    Ok(stream::poll_fn(move |context| {
        let record = ready!(receiver.poll_recv(context));
        // A reader that panicked must not look like the end of the file.
        if record.is_none() && reader.take().is_some_and(|reader| reader.join().is_err()) {
            return Poll::Ready(Some(Err(anyhow!("the reader of the file panicked"))));
        }
        Poll::Ready(record)
    }))
}
