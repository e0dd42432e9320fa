//! `gochat completions`

use super::standard_output;
use crate::cli::Cli;
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the completion script for `shell`.
pub(super) fn run(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gochat", &mut script);
    Ok(standard_output::print(&script)?)
}
