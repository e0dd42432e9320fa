//! The command line of `gochat groups`.

mod delimiter;

pub use delimiter::Delimiter;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use std::path::{Path, PathBuf};

/// What can be done with groups.
#[derive(Debug, Subcommand)]
pub enum GroupsCommand {
    /// Create a group for each line of a file.
    ///
    /// A line has the fields `name`, `token` and `admin_id`, under the rules of the API; other fields are ignored, so
    /// the file may be one that `gochat groups export` wrote. Groups are stored as requests to the API are: many in one
    /// transaction, each on disk before it is counted. A server may run meanwhile.
    ///
    /// A line that breaks a rule is reported on standard error with its number and the reason, and the rest goes on. A
    /// line whose name is taken is counted as "there already" and changes nothing, so the same file can be imported
    /// again: after lines were refused, after Ctrl-C, after a crash. With --dry-run it says what would become of each
    /// line, and stores nothing.
    #[command(after_long_help = IMPORT)]
    Import(ImportGroups),
    /// Write all groups to a file, in the order of their ids.
    ///
    /// A group is written as the API replies with it: `id`, `uuid`, `name`, `admin_id`, `token`, `created_at`. Tokens
    /// are secrets, so only you can read the file. It is there when it is complete, and not before. A server may run
    /// meanwhile; groups that it creates before the end is reached are written too.
    ///
    /// `gochat groups import` makes the same groups of it in another database: names, tokens and admin ids are kept;
    /// ids, uuids and times are new.
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

The same in CSV; the header comes first, its columns in any order:
  name,token,admin_id
  group_1,298fbgv479bv,1

As spreadsheets write it, where the comma is the decimal sign:
  Name;Token;Admin_ID
  group_1;298fbgv479bv;1

Exit code:
  0    every line is stored, or was there already; or would be, with --dry-run
  1    lines were refused and all others are stored, or a setting is refused
  2    the file or the database failed; it says how far it came
  130  interrupted by Ctrl-C (129 by SIGHUP, 143 by SIGTERM); it says how far it came";

const EXPORT: &str = "\
Examples:
  gochat groups export groups.ndjson
  gochat groups export groups.csv
  gochat groups export | gzip > groups.ndjson.gz

From SQLite to PostgreSQL:
  gochat groups export groups.ndjson
  GOCHAT__DATABASE__URL=postgres://… gochat groups import groups.ndjson";

/// Which file to read, and how.
#[derive(Debug, Args)]
pub struct ImportGroups {
    /// The file, or `-` for standard input. One whose name ends in .gz is unpacked by gzip.
    pub file: PathBuf,

    /// What the file has on a line; by its name (.ndjson, .jsonl, .csv) if left out, and NDJSON for `-`.
    #[arg(long)]
    pub format: Option<FileFormat>,

    /// The character between the fields of CSV, or the word tab. If left out, a first line like `sep=;` or
    /// the header tells it: comma, semicolon or tab.
    #[arg(long)]
    pub delimiter: Option<Delimiter>,

    /// Check every line and look up every name, but store nothing and change no database.
    #[arg(long)]
    pub dry_run: bool,

    /// After how many lines to say how far it is, where standard error is no terminal; at least every 10 seconds.
    #[arg(long, value_name = "LINES", default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    pub progress_every: u64,
}

/// Which file to write, and how.
#[derive(Debug, Args)]
pub struct ExportGroups {
    /// The file, which is replaced if it exists, or `-` for standard output.
    #[arg(default_value = "-")]
    pub file: PathBuf,

    /// What to write; by the name of the file (.ndjson, .jsonl, .csv) if left out, and NDJSON for `-`.
    #[arg(long)]
    pub format: Option<FileFormat>,

    /// After how many groups to say how far it is, where standard error is no terminal; at least every 10 seconds.
    #[arg(long, value_name = "GROUPS", default_value_t = 100_000, value_parser = value_parser!(u64).range(1..))]
    pub progress_every: u64,
}

impl ImportGroups {
    /// Tells whether the file is unpacked by gzip.
    pub fn is_gzipped(&self) -> bool {
        self.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"))
    }

    /// The format that was asked for, else that of the file's name, without `.gz`.
    pub fn format(&self) -> anyhow::Result<FileFormat> {
        let unpacked = if self.is_gzipped() { self.file.with_extension("") } else { self.file.clone() };
        FileFormat::of(&unpacked, self.format)
    }
}

/// What a file has on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// A JSON object.
    Ndjson,
    /// A record of comma-separated values (RFC 4180), below a header.
    Csv,
}

impl FileFormat {
    /// The format that was asked for, else that of the file's name.
    pub fn of(file: &Path, asked: Option<Self>) -> anyhow::Result<Self> {
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
        asked.or_else(by_name).ok_or_else(|| {
            anyhow::anyhow!(
                "the name of {} does not end in .ndjson, .jsonl or .csv; add --format ndjson or --format csv",
                file.display()
            )
        })
    }
}

/// Whether standard input or output is meant.
pub fn is_standard_stream(file: &Path) -> bool {
    file.as_os_str() == "-"
}
