//! The command line.

mod files;
mod groups;
mod members;

pub use files::{Delimiter, ExportFile, FileFormat, ImportFile, ServerUrl, is_standard_stream};
pub use groups::{GroupsCommand, Output, ShowGroup};
pub use members::{MembersCommand, Membership};

use crate::settings::Profile;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use gochat_domain::auth::{KeyId, Scope};
use std::time::Duration;

const EXAMPLES: &str = "\
Start with SQLite; nothing needs to be set up:
  gochat
  curl localhost:1213/v1/group -H 'GoChat-Token: 433578ab-84c2-4e02-4656-de55a8097c9f' \\
    -H 'Content-Type: application/json' -d '{\"name\":\"group_1\",\"token\":\"298fbgv479bv\",\"admin_id\":1}'

In production, with a key of your own:
  export GOCHAT_PROFILE=production GOCHAT__DATABASE__URL=postgres://…
  gochat keys create --name \"mobile app\" --scope groups:write
  gochat

Import and export groups, and their members:
  gochat groups import groups.csv
  gochat groups export groups.ndjson
  gochat members export members.ndjson

Look after one group:
  gochat groups show --name group_1
  gochat groups hand-over 1 10
  gochat members list 1

Environment:
  GOCHAT_PROFILE           the profile, like --profile
  GOCHAT__SECTION__KEY     any setting; `gochat config` prints them all. Examples:
  GOCHAT__HTTP__BIND       address of the API, like 127.0.0.1:1213 or unix:/run/gochat/http.sock
  GOCHAT__DATABASE__URL    sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE
  GOCHAT__LOG__LEVEL       error, warn, info, debug or trace
  GOCHAT__…_FILE           file with the value of a setting, like GOCHAT__DATABASE__URL_FILE=/run/secrets/url

Exit code:
  0  success
  1  failure, or an invalid setting; standard error says why
  2  invalid command line";

const CREATE_KEY: &str = "\
Examples:
  gochat keys create --name \"mobile app\" --scope groups:write
  KEY=$(gochat keys create --name importer --scope groups:write --scope groups:read --expires-in 90d)";

const DASHBOARD: &str = "\
Examples:
  xdg-open \"$(gochat dashboard)\"
  gochat dashboard --revoke";

const HEALTHCHECK: &str = "\
Examples:
  gochat healthcheck && echo ready
  GOCHAT__ADMIN__BIND=127.0.0.1:1214 gochat healthcheck";

const OPENAPI: &str = "\
Examples:
  gochat openapi > openapi.json
  curl localhost:1213/openapi.json";

const COMPLETIONS: &str = "\
Examples:
  gochat completions bash > ~/.local/share/bash-completion/completions/gochat
  gochat completions zsh > ~/.zfunc/_gochat
  gochat completions fish > ~/.config/fish/completions/gochat.fish";

const MANUAL: &str = "\
Examples:
  gochat man > gochat.1 && man ./gochat.1
  gochat man > ~/.local/share/man/man1/gochat.1";

/// The group service of GoChat.
///
/// Settings come from `config/default.toml` (built in), `config/PROFILE.toml`, and the environment:
/// `GOCHAT__DATABASE__URL` sets `database.url`. `gochat config` prints the settings in force.
#[derive(Debug, Parser)]
#[command(name = "gochat", version, after_long_help = EXAMPLES)]
pub struct Cli {
    /// Profile of settings: development or production.
    #[arg(long, global = true, env = "GOCHAT_PROFILE", default_value = "development")]
    pub profile: String,

    /// Command to run. Default: `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API until told to stop.
    ///
    /// On SIGTERM or SIGINT, the server answers requests in flight, stores queued writes, and exits.
    Serve,
    /// Bring the database's schema up to date.
    ///
    /// Other commands do this at start too, unless `database.migrate_on_start` is false.
    Migrate,
    /// Create, list and revoke API keys. A server may run at the same time.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Show, change and delete groups, import them from a file, and export them to a file.
    #[command(subcommand)]
    Groups(GroupsCommand),
    /// Add, remove and list members of groups, import them from a file, and export them to a file.
    #[command(subcommand)]
    Members(MembersCommand),
    /// Print a link to the dashboard of the running server.
    ///
    /// The link opens once, within 10 minutes, in a browser on this machine, or on any machine that reaches admin.bind. The
    /// browser then has access for 12 hours.
    #[command(after_long_help = DASHBOARD)]
    Dashboard {
        /// Revoke all links and sessions instead; running servers refuse them within 5 seconds.
        #[arg(long)]
        revoke: bool,
    },
    /// Check that the server is ready, for container health checks.
    ///
    /// Asks /readyz on the admin listener (admin.bind), within 5 seconds. Exits with 0 if the server is ready.
    /// Otherwise exits with 1, and standard error has the reason. Opens no database.
    #[command(after_long_help = HEALTHCHECK)]
    Healthcheck,
    /// Print the settings in force, with secrets redacted.
    Config,
    /// Print the OpenAPI 3.1 document of the API.
    #[command(after_long_help = OPENAPI)]
    Openapi,
    /// Print a shell's completion script.
    #[command(after_long_help = COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    #[command(after_long_help = MANUAL)]
    Man,
}

/// Commands for API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Create a key, and print it. It is printed only once, as the only line on standard output.
    #[command(after_long_help = CREATE_KEY)]
    Create(CreateKey),
    /// List all keys, oldest first. The secrets are not shown.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; running servers refuse it within 5 seconds.
    Revoke {
        /// The id of the key, as `gochat keys list` shows it.
        id: KeyId,
    },
}

/// Options of a new key.
#[derive(Debug, Args)]
pub struct CreateKey {
    /// Name of the key, for people.
    #[arg(long)]
    pub name: String,

    /// Scope of the key: groups:read, groups:write, members:join or members:write. May be repeated.
    #[arg(long = "scope", required = true)]
    pub scopes: Vec<Scope>,

    /// Lifetime of the key, like 90d or 12h. Default: forever.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub expires_in: Option<Duration>,
}

impl Cli {
    /// Parses the profile.
    pub fn profile(&self) -> anyhow::Result<Profile> {
        Ok(self.profile.parse()?)
    }
}
