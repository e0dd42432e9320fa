//! `gochat man`

use super::standard_output;
use crate::cli::Cli;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io;

/// Prints one page with all commands.
pub(super) fn run() -> anyhow::Result<()> {
    let mut command = Cli::command();
    command.build();
    let page = Man::new(command.clone()).title("GOCHAT");
    let mut roff = Vec::new();
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    for subcommand in commands(&command) {
        roff.extend(format!(".SH {}\n", subcommand.get_bin_name().unwrap_or_default()).bytes());
        roff.extend(subsections(subcommand)?.bytes());
    }
    let mut examples = Vec::new();
    page.render_extra_section(&mut examples)?;
    roff.extend(
        String::from_utf8(examples)?.replace(".SH EXTRA\n", ".SH EXAMPLES AND ENVIRONMENT\n").bytes(),
    );
    page.render_version_section(&mut roff)?;
    Ok(standard_output::print(&roff)?)
}

/// Returns the commands without subcommands, in the order of the help.
fn commands(command: &Command) -> Vec<&Command> {
    command
        .get_subcommands()
        .filter(|subcommand| subcommand.get_name() != "help")
        .flat_map(
            |subcommand| if subcommand.has_subcommands() { commands(subcommand) } else { vec![subcommand] },
        )
        .collect()
}

/// Renders a command's page as subsections.
fn subsections(command: &Command) -> io::Result<String> {
    let page = Man::new(command.clone());
    let mut roff = Vec::new();
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    if command.get_after_long_help().is_some() {
        page.render_extra_section(&mut roff)?;
    }
    let roff = String::from_utf8(roff).map_err(io::Error::other)?;
    Ok(roff.replace(".SH EXTRA\n", ".SH MORE\n").replace(".SH ", ".SS "))
}
