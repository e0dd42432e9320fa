//! Options of commands that import or export a file.

mod delimiter;
mod server_url;

pub use delimiter::Delimiter;
pub use server_url::ServerUrl;

use clap::{Args, ValueEnum, value_parser};
use std::path::{Path, PathBuf};

/// Options of an import.
#[derive(Debug, Args)]
pub struct ImportFile {
    /// File to read, or `-` for standard input. A file whose name ends in .gz is decompressed.
    pub file: PathBuf,

    /// Format of the file. Default: by its name (.ndjson, .jsonl, .csv), and NDJSON for `-`.
    #[arg(long)]
    pub format: Option<FileFormat>,

    /// Character between the fields of CSV, or the word tab. Default: detected from a first line like `sep=;`, or from
    /// the header (comma, semicolon or tab).
    #[arg(long)]
    pub delimiter: Option<Delimiter>,

    /// Send the lines to the running server at this URL, like `http://127.0.0.1:1213`, and open no database.
    #[arg(long, value_name = "URL", requires = "key_file", conflicts_with = "dry_run")]
    pub to: Option<ServerUrl>,

    /// File with the API key for --to.
    #[arg(long, value_name = "FILE", requires = "to")]
    pub key_file: Option<PathBuf>,

    /// Check every line and look up what exists, but change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Number of lines between progress reports if standard error is not a terminal. There is a report at least every
    /// 10 seconds.
    #[arg(long, value_name = "LINES", default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    pub progress_every: u64,
}

/// Options of an export.
#[derive(Debug, Args)]
pub struct ExportFile {
    /// File to write, or `-` for standard output. An existing file is replaced.
    #[arg(default_value = "-")]
    pub file: PathBuf,

    /// Format to write. Default: by the name of the file (.ndjson, .jsonl, .csv), and NDJSON for `-`.
    #[arg(long)]
    pub format: Option<FileFormat>,

    /// Number of rows between progress reports if standard error is not a terminal. There is a report at least every
    /// 10 seconds.
    #[arg(long, value_name = "ROWS", default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    pub progress_every: u64,
}

impl ExportFile {
    /// Returns the requested format, or else the format of the file's name.
    pub fn format(&self) -> anyhow::Result<FileFormat> {
        anyhow::ensure!(
            !is_gzipped(&self.file),
            "{} would not be compressed; write to standard output, and pipe it to gzip",
            self.file.display()
        );
        FileFormat::of(&self.file, self.format)
    }
}

impl ImportFile {
    /// Returns true if the file is gzip-compressed, by its name.
    pub fn is_gzipped(&self) -> bool {
        is_gzipped(&self.file)
    }

    /// Returns the requested format, or else the format of the file's name without `.gz`.
    pub fn format(&self) -> anyhow::Result<FileFormat> {
        let unpacked = if self.is_gzipped() { self.file.with_extension("") } else { self.file.clone() };
        FileFormat::of(&unpacked, self.format)
    }
}

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// A JSON object per line.
    Ndjson,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}

impl FileFormat {
    /// Returns the requested format, or else the format of the file's name.
    fn of(file: &Path, requested: Option<Self>) -> anyhow::Result<Self> {
        let by_name = || {
            if is_standard_stream(file) {
                return Some(Self::Ndjson);
            }
            match &*file.extension()?.to_str()?.to_ascii_lowercase() {
                "ndjson" | "jsonl" => Some(Self::Ndjson),
                "csv" => Some(Self::Csv),
                _ => None,
            }
        };
        requested.or_else(by_name).ok_or_else(|| {
            anyhow::anyhow!(
                "the name of {} does not end in .ndjson, .jsonl or .csv; add --format ndjson or --format csv",
                file.display()
            )
        })
    }
}

/// Returns true if the file is gzip-compressed, by its name.
fn is_gzipped(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"))
}

/// Returns true if the name stands for standard input or output.
pub fn is_standard_stream(file: &Path) -> bool {
    file.as_os_str() == "-"
}
