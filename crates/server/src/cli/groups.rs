//! Command line of `gochat groups`.

use super::files::{ExportFile, ImportFile};
use clap::{Args, Subcommand};
use gochat_domain::{group::GroupId, user::UserId};
use uuid::Uuid;

/// Commands for groups.
#[derive(Debug, Subcommand)]
pub enum GroupsCommand {
    /// Show a group.
    #[command(after_long_help = SHOW)]
    Show(ShowGroup),
    /// Give a group another name. The old name is free at once.
    #[command(after_long_help = RENAME)]
    Rename {
        /// The id of the group.
        #[arg(value_parser = GroupId::parse)]
        id: GroupId,
        /// The new name.
        name: String,
        /// Form of the output.
        #[command(flatten)]
        output: Output,
    },
    /// Make another user the administrator of a group. The previous administrator stays as a member.
    #[command(after_long_help = HAND_OVER)]
    HandOver {
        /// The id of the group.
        #[arg(value_parser = GroupId::parse)]
        id: GroupId,
        /// The id of the new administrator.
        #[arg(value_parser = UserId::parse)]
        admin_id: UserId,
        /// Form of the output.
        #[command(flatten)]
        output: Output,
    },
    /// Delete a group with its memberships.
    ///
    /// On a terminal, the command shows the group and asks first. If the group changes before the answer, nothing is
    /// deleted. Without a terminal, --yes is required.
    #[command(after_long_help = DELETE)]
    Delete {
        /// The id of the group.
        #[arg(value_parser = GroupId::parse)]
        id: GroupId,
        /// Delete the group without asking.
        #[arg(long)]
        yes: bool,
        /// Form of the output.
        #[command(flatten)]
        output: Output,
    },
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
    ///
    /// With --to, the lines go to a running server as one stream. A connection that breaks is opened again, and the lines
    /// that have no answer are sent again. A line whose answer was lost is then counted as "already existing".
    #[command(after_long_help = IMPORT)]
    Import(ImportFile),
    /// Write all groups to standard output or to a file, in the order of their ids.
    ///
    /// A group has the fields of the API's replies: `id`, `uuid`, `name`, `admin_id`, `token`, `created_at`. Tokens
    /// are secrets, so only you can read the file. The file appears once it is complete. A server may run at the same
    /// time; groups that it creates before the export reaches the end are written too.
    ///
    /// `gochat groups import` recreates the groups in another database. Names, tokens and admin ids are kept; ids,
    /// UUIDs and times are new.
    #[command(after_long_help = EXPORT)]
    Export(ExportFile),
}

const SHOW: &str = "\
Examples:
  gochat groups show 1
  gochat groups show --name group_1 --json";

const RENAME: &str = "\
Examples:
  gochat groups rename 1 group_2";

const HAND_OVER: &str = "\
Examples:
  gochat groups hand-over 1 10";

const DELETE: &str = "\
Examples:
  gochat groups delete 1
  gochat groups delete 1 --yes --json > deleted.json";

const IMPORT: &str = "\
Examples:
  gochat groups import groups.ndjson
  gochat groups import --dry-run groups.csv
  gochat groups import groups.csv 2> refused.txt
  gochat groups import groups.csv.gz
  xzcat groups.csv.xz | gochat groups import - --format csv
  gochat groups import --to http://127.0.0.1:1213 --key-file key.txt groups.ndjson

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
  2    the file, the database or the server of --to failed; standard error says how far the import came
  130  interrupted by Ctrl-C (129: SIGHUP, 143: SIGTERM); standard error says how far the import came";

const EXPORT: &str = "\
Examples:
  gochat groups export groups.ndjson
  gochat groups export groups.csv
  gochat groups export | gzip > groups.ndjson.gz

From SQLite to PostgreSQL:
  gochat groups export groups.ndjson
  GOCHAT__DATABASE__URL=postgres://… gochat groups import groups.ndjson";

/// Options of the command that shows a group.
#[derive(Debug, Args)]
#[group(id = "key", required = true, multiple = false, args = ["id", "uuid", "name"])]
pub struct ShowGroup {
    /// The id of the group.
    #[arg(value_parser = GroupId::parse)]
    pub id: Option<GroupId>,

    /// The UUID of the group, in place of its id.
    #[arg(long)]
    pub uuid: Option<Uuid>,

    /// The name of the group, in place of its id.
    #[arg(long)]
    pub name: Option<String>,

    /// Form of the output.
    #[command(flatten)]
    pub output: Output,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Print JSON, with the fields of the API.
    #[arg(long)]
    pub json: bool,
}
