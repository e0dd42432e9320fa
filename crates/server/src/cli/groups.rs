//! Command line of `gochat groups`.

mod delimiter;

pub use delimiter::Delimiter;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use std::path::{Path, PathBuf};

/// Commands for groups.
#[derive(Debug, Subcommand)]
pub enum GroupsCommand {
    /// Create a group for each line of a file.
    ///
    /// A line has the fields `name`, `token` and `admin_id`, under the rules of the API. Other fields are ignored, so
    /// the file may be one that `gochat groups export` wrote. Many groups share one transaction, and each is on disk
    /// before it is counted. A server may run at the same time.
    ///
    /// An invalid line is reported on standard error with its number and the reason, and the import continues. A line
    /// whose name is taken changes nothing and is counted as "already existing". So the same file can be imported again:
    /// after errors, after Ctrl-C, after a crash. With --dry-run, the import reports the outcome of each line but
    /// stores nothing.
    #[command(after_long_help = IMPORT)]
    Import(ImportGroups),
    /// Write all groups to a file, in the order of their ids.
    ///
    /// A group has the fields of the API's replies: `id`, `uuid`, `name`, `admin_id`, `token`, `created_at`. Tokens
    /// are secrets, so only you can read the file. The file appears once it is complete. A server may run at the same
    /// time; groups that it creates before the export reaches the end are written too.
    ///
    /// `gochat groups import` recreates the groups in another database. Names, tokens and admin ids are kept; ids,
    /// UUIDs and times are new.
    #[command(after_long_help = EXPORT)]
    Export(ExportGroups),
}

const IMPORT: &str = "\
Examples:
  gochat groups import groups.ndjson
  gochat groups import --dry-run groups.csv
  gochat groups import groups.csv 2> refused.txt
  gochat groups import groups.csv.gz
  xzcat groups.csv.xz | gochat groups import - --format csv

A line of NDJSON:
  {\"name\":\"group_1\",\"token\":\"298fbgv479bv\",\"admin_id\":1}

The same in CSV. The header is required; its columns may be in any order:
  name,token,admin_id
  group_1,298fbgv479bv,1

The CSV of spreadsheets in locales with a decimal comma:
  Name;Token;Admin_ID
  group_1;298fbgv479bv;1

Exit code:
  0    every line is stored (with --dry-run: would be stored), or existed already
  1    some lines were refused and all others are stored, or a setting is invalid
  2    the file or the database failed; standard error says how far the import came
  130  interrupted by Ctrl-C (129: SIGHUP, 143: SIGTERM); standard error says how far the import came";

const EXPORT: &str = "\
Examples:
  gochat groups export groups.ndjson
  gochat groups export groups.csv
  gochat groups export | gzip > groups.ndjson.gz

From SQLite to PostgreSQL:
  gochat groups export groups.ndjson
  GOCHAT__DATABASE__URL=postgres://… gochat groups import groups.ndjson";

/// Options of an import.
#[derive(Debug, Args)]
pub struct ImportGroups {
    /// File to read, or `-` for standard input. A file whose name ends in .gz is decompressed.
    pub file: PathBuf,

    /// Format of the file. Default: by its name (.ndjson, .jsonl, .csv), and NDJSON for `-`.
    #[arg(long)]
    pub format: Option<FileFormat>,

    /// Character between the fields of CSV, or the word tab. Default: detected from a first line like `sep=;`, or from
    /// the header (comma, semicolon or tab).
    #[arg(long)]
    pub delimiter: Option<Delimiter>,

    /// Check every line and look up every name, but change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Number of lines between progress reports if standard error is not a terminal. There is a report at least every
    /// 10 seconds.
    #[arg(long, value_name = "LINES", default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    pub progress_every: u64,
}

/// Options of an export.
#[derive(Debug, Args)]
pub struct ExportGroups {
    /// File to write, or `-` for standard output. An existing file is replaced.
    #[arg(default_value = "-")]
    pub file: PathBuf,

    /// Format to write. Default: by the name of the file (.ndjson, .jsonl, .csv), and NDJSON for `-`.
    #[arg(long)]
    pub format: Option<FileFormat>,

    /// Number of groups between progress reports if standard error is not a terminal. There is a report at least every
    /// 10 seconds.
    #[arg(long, value_name = "GROUPS", default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    pub progress_every: u64,
}

impl ImportGroups {
    /// Returns true if the file is gzip-compressed, by its name.
    pub fn is_gzipped(&self) -> bool {
        self.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"))
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
    pub fn of(file: &Path, requested: Option<Self>) -> anyhow::Result<Self> {
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

/// Returns true if the name stands for standard input or output.
pub fn is_standard_stream(file: &Path) -> bool {
    file.as_os_str() == "-"
}
