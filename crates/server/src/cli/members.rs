//! Command line of `gochat members`.

use super::{
    files::{ExportFile, ImportFile},
    groups::Output,
};
use clap::{Args, Subcommand};
use gochat_domain::{group::GroupId, user::UserId};

/// Commands for members.
#[derive(Debug, Subcommand)]
pub enum MembersCommand {
    /// Make a user a member of a group, without the group's token.
    #[command(after_long_help = ADD)]
    Add(Membership),
    /// End the membership of a user. The administrator of a group cannot be removed.
    #[command(after_long_help = REMOVE)]
    Remove(Membership),
    /// List the members of a group in the order of their users' ids, with its administrator.
    #[command(after_long_help = LIST)]
    List {
        /// The id of the group.
        #[arg(value_parser = GroupId::parse)]
        group_id: GroupId,
        /// Form of the output.
        #[command(flatten)]
        output: Output,
    },
    /// Make a user a member of a group for each line of a file.
    ///
    /// A line has the field `user_id`, and the group as `group_name` or `group_id`. If it has both, the name decides,
    /// because the ids of groups differ between databases. Other fields are ignored, so the file may be one that
    /// `gochat members export` wrote. The time of a new membership is that of the import. Many memberships share one
    /// transaction, and each is on disk before it is counted. A server may run at the same time.
    ///
    /// An invalid line is reported on standard error with its number and the reason, and the import continues. A user
    /// who is a member already is counted as "already existing". So the same file can be imported again: after errors,
    /// after Ctrl-C, after a crash. With --dry-run, the import reports the outcome of each line but stores nothing.
    #[command(after_long_help = IMPORT)]
    Import(ImportFile),
    /// Write the members of all groups to standard output or to a file, in the order of the groups' and then of the
    /// users' ids.
    ///
    /// A member has the fields `group_id`, `group_name`, `user_id`, `role` and `joined_at`. The administrator of a
    /// group is one of its members. Only you can read the file, which appears once it is complete. A server may run at
    /// the same time.
    ///
    /// To copy groups with their members to another database, import the groups first, then the members.
    #[command(after_long_help = EXPORT)]
    Export(ExportFile),
}

const ADD: &str = "\
Examples:
  gochat members add 1 10";

const REMOVE: &str = "\
Examples:
  gochat members remove 1 10";

const LIST: &str = "\
Examples:
  gochat members list 1
  gochat members list 1 --json";

const IMPORT: &str = "\
Examples:
  gochat members import members.ndjson
  gochat members import --dry-run members.csv
  xzcat members.csv.xz | gochat members import - --format csv

A line of NDJSON:
  {\"group_id\":1,\"user_id\":10}

The same in CSV. The header is required; its columns may be in any order:
  group_id,user_id
  1,10

By the names of groups. The column group_id is required, but may be empty:
  group_id,group_name,user_id
  ,group_1,10

Exit codes are those of `gochat groups import`.";

const EXPORT: &str = "\
Examples:
  gochat members export members.csv
  gochat members export | gzip > members.ndjson.gz

From SQLite to PostgreSQL:
  gochat groups export groups.ndjson
  gochat members export members.ndjson
  export GOCHAT__DATABASE__URL=postgres://…
  gochat groups import groups.ndjson
  gochat members import members.ndjson";

/// A user in a group.
#[derive(Debug, Args)]
pub struct Membership {
    /// The id of the group.
    #[arg(value_parser = GroupId::parse)]
    pub group_id: GroupId,

    /// The id of the user.
    #[arg(value_parser = UserId::parse)]
    pub user_id: UserId,

    /// Form of the output.
    #[command(flatten)]
    pub output: Output,
}
