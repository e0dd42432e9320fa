//! The command line.

use crate::settings::Profile;
use clap::{Args, Parser, Subcommand};
use gochat_domain::auth::{KeyId, Scope};
use std::time::Duration;

/// The group service of GoChat.
///
/// Settings come from `config/default.toml` (built in), `config/PROFILE.toml`, and the environment:
/// `GOCHAT__DATABASE__URL` is `database.url`. `gochat config` shows what is in force.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// Which settings to start from.
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
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Make, list and revoke API keys, also while a server runs.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the settings in force, secrets hidden.
    Config,
}

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key, and print it: once, alone on standard output.
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
