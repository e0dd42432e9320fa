//! The command line.

mod groups;

pub use groups::{Delimiter, ExportGroups, FileFormat, GroupsCommand, ImportGroups, is_standard_stream};

use crate::settings::Profile;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use gochat_domain::auth::{KeyId, Scope};
use std::time::Duration;

const EXAMPLES: &str = "\
Start, with SQLite and nothing to set up:
  gochat
  curl localhost:1213/v1/group -H 'GoChat-Token: 433578ab-84c2-4e02-4656-de55a8097c9f' \\
    -H 'Content-Type: application/json' -d '{\"name\":\"group_1\",\"token\":\"298fbgv479bv\",\"admin_id\":1}'

In production, with a key of your own:
  export GOCHAT_PROFILE=production GOCHAT__DATABASE__URL=postgres://…
  gochat keys create --name \"mobile app\" --scope groups:write
  gochat

Groups from and to a file:
  gochat groups import groups.csv
  gochat groups export groups.ndjson

Environment:
  GOCHAT_PROFILE           the profile, as --profile
  GOCHAT__SECTION__KEY     any setting; `gochat config` shows them all, like these:
  GOCHAT__HTTP__BIND       where the API is reached, like 127.0.0.1:1213 or unix:/run/gochat/http.sock
  GOCHAT__DATABASE__URL    sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE
  GOCHAT__LOG__LEVEL       error, warn, info, debug or trace
  GOCHAT__…_FILE           the file that has a setting, like GOCHAT__DATABASE__URL_FILE=/run/secrets/url

Exit code:
  0  done
  1  it failed, or a setting is refused; standard error says why
  2  the command line is wrong";

const CREATE_KEY: &str = "\
Examples:
  gochat keys create --name \"mobile app\" --scope groups:write
  KEY=$(gochat keys create --name importer --scope groups:write --scope groups:read --expires-in 90d)";

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
/// `GOCHAT__DATABASE__URL` is `database.url`. `gochat config` shows what is in force.
#[derive(Debug, Parser)]
#[command(name = "gochat", version, after_long_help = EXAMPLES)]
pub struct Cli {
    /// Which settings to start from: development or production.
    #[arg(long, global = true, env = "GOCHAT_PROFILE", default_value = "development")]
    pub profile: String,

    /// What to do; `serve` if left out.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API until told to stop.
    ///
    /// On SIGTERM or SIGINT, what is in flight is answered, and what is queued is stored; then the process ends.
    Serve,
    /// Bring the database's schema up to date.
    ///
    /// The other commands do so too, unless the setting `database.migrate_on_start` is false.
    Migrate,
    /// Make, list and revoke API keys, also while a server runs.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Bring groups in from a file, and write them out to one.
    #[command(subcommand)]
    Groups(GroupsCommand),
    /// Ask the server of these settings whether it is ready, as whatever supervises a container does.
    ///
    /// Exit code 0 says that it is; otherwise it is 1, and standard error says what is wrong. The admin listener (admin.bind) is
    /// asked for /readyz, and nothing else is opened. It takes 5 seconds at most.
    #[command(after_long_help = HEALTHCHECK)]
    Healthcheck,
    /// Print the settings in force, secrets hidden.
    Config,
    /// Print the API as OpenAPI 3.1 describes it, for those who make clients.
    #[command(after_long_help = OPENAPI)]
    Openapi,
    /// Print the completions of a shell.
    #[command(after_long_help = COMPLETIONS)]
    Completions {
        /// The shell that will read them.
        shell: Shell,
    },
    /// Print the manual page.
    #[command(after_long_help = MANUAL)]
    Man,
}

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key, and print it: once, alone on standard output.
    #[command(after_long_help = CREATE_KEY)]
    Create(CreateKey),
    /// List the keys on record, the oldest first. The keys themselves are not on record.
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

/// The key to make.
#[derive(Debug, Args)]
pub struct CreateKey {
    /// What people will call the key.
    #[arg(long)]
    pub name: String,

    /// What the key is for: groups:read or groups:write. May be given more than once.
    #[arg(long = "scope", required = true)]
    pub scopes: Vec<Scope>,

    /// How long the key will hold, like 90d or 12h; for ever if left out.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub expires_in: Option<Duration>,
}

impl Cli {
    /// The profile, or what is wrong with it.
    pub fn profile(&self) -> anyhow::Result<Profile> {
        Ok(self.profile.parse()?)
    }
}
