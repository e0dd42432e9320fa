//! `gochat config`: the settings in force.

use crate::process::run_in;
use gochat_test_support::{CaseWithoutDatabase, cases_without_database};
use std::fs;
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        the_file_of_the_profile_overrides_the_defaults,
        the_settings_in_force_are_printed_without_secrets,
        the_printed_settings_can_be_loaded_again,
        a_mode_that_is_a_number_in_toml_is_refused,
    ]
}

fn the_file_of_the_profile_overrides_the_defaults() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::create_dir(folder.path().join("config"))?;
    fs::write(folder.path().join("config/production.toml"), "[log]\nlevel = \"warn\"\n")?;
    let printed =
        |variables: &[(&str, &str)]| run_in(folder.path(), &["--profile", "production", "config"], variables);
    assert!(printed(&[]).stdout.contains("level = \"warn\""));
    assert!(printed(&[("GOCHAT__LOG__LEVEL", "debug")]).stdout.contains("level = \"debug\""));
    Ok(())
}

fn the_settings_in_force_are_printed_without_secrets() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let ended = run_in(
        folder.path(),
        &["config"],
        &[("GOCHAT__DATABASE__URL", "postgres://u:secret@h/d?password=secret")],
    );
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    assert!(ended.stdout.contains("url = \"postgres://u:***@h/d?password=***\""), "{}", ended.stdout);
    assert!(ended.stdout.contains("bind = \"127.0.0.1:1213\""), "{}", ended.stdout);
    Ok(())
}

/// The output is valid in `config/<profile>.toml`, except for a redacted password.
fn the_printed_settings_can_be_loaded_again() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let variables = [
        ("GOCHAT__HTTP__SOCKET_MODE", "0660"),
        ("GOCHAT__LIMITS__MEMBERS_PER_GROUP", "100"),
        ("GOCHAT__WRITER__BATCH", "7"),
    ];
    let printed = run_in(folder.path(), &["config"], &variables).stdout;
    for line in ["socket_mode = \"0660\"", "groups = 0", "members_per_group = 100", "batch = 7"] {
        assert!(printed.lines().any(|printed| printed == line), "{line}: {printed}");
    }
    fs::create_dir(folder.path().join("config"))?;
    fs::write(folder.path().join("config/development.toml"), &printed)?;
    let again = run_in(folder.path(), &["config"], &[]);
    assert_eq!((again.code, again.stdout, again.stderr), (Some(0), printed, String::new()));
    Ok(())
}

/// TOML reads `0o660` as 432. Taken as a mode, that would let every user connect.
fn a_mode_that_is_a_number_in_toml_is_refused() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::create_dir(folder.path().join("config"))?;
    for (number, read) in [("660", "660"), ("0o660", "432")] {
        fs::write(
            folder.path().join("config/development.toml"),
            format!("[http]\nsocket_mode = {number}\n"),
        )?;
        let ended = run_in(folder.path(), &["config"], &[]);
        let message = format!(
            "gochat: http.socket_mode = \"{read}\" from config/development.toml is refused: expected three octal digits other than 000, like 660, in quotes\n"
        );
        assert_eq!((ended.code, ended.stdout, ended.stderr), (Some(1), String::new(), message));
    }
    Ok(())
}
