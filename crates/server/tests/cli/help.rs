//! Help, completions and the man page.

use crate::process::run_in;
use gochat_test_support::{CaseWithoutDatabase, cases_without_database, deadline};
use std::{io::Write, process::Stdio};
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    cases_without_database![
        the_help_of_each_command_has_examples,
        bash_loads_the_completions_and_completes_a_command,
        the_man_page_has_every_command_and_option,
        help_and_completions_need_no_valid_settings,
        the_openapi_document_equals_the_committed_one,
    ]
}

fn print(arguments: &[&str]) -> String {
    let ended = run_in(TempDir::new().unwrap().path(), arguments, &[]);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{arguments:?}");
    ended.stdout
}

fn the_help_of_each_command_has_examples() -> anyhow::Result<()> {
    for command in [
        &["groups", "show"][..],
        &["groups", "rename"],
        &["groups", "hand-over"],
        &["groups", "delete"],
        &["groups", "import"],
        &["groups", "export"],
        &["members", "add"],
        &["members", "remove"],
        &["members", "list"],
        &["members", "import"],
        &["members", "export"],
        &["keys", "create"],
        &["healthcheck"],
        &["openapi"],
        &["completions"],
        &["man"],
    ] {
        let help = print(&[command, &["--help"]].concat());
        let example = format!("\n  gochat {}", command.join(" "));
        assert!(help.contains("\nExamples:\n") && help.contains(&example), "{help}");
    }
    let help = print(&["--help"]);
    for taught in
        ["GOCHAT_PROFILE", "GOCHAT__DATABASE__URL", "gochat keys create", "gochat groups import", "Exit code"]
    {
        assert!(help.contains(taught), "{help}");
    }
    Ok(())
}

fn bash_loads_the_completions_and_completes_a_command() -> anyhow::Result<()> {
    let script = print(&["completions", "bash"])
        + "\nCOMP_WORDS=(gochat groups ''); COMP_CWORD=2; COMP_LINE='gochat groups '; COMP_POINT=14\n"
        + "_gochat gochat '' groups; echo \"${COMPREPLY[@]}\"\n";
    for arguments in [&["-n"][..], &[]] {
        let mut bash = std::process::Command::new("bash")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        bash.stdin.take().unwrap().write_all(script.as_bytes())?;
        let output = deadline::output(bash);
        let (stdout, stderr) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        assert!(output.status.success() && stderr.is_empty(), "{stderr}");
        assert!(stdout.contains("import export") || !arguments.is_empty(), "{stdout}");
    }
    assert!(print(&["completions", "zsh"]).starts_with("#compdef gochat"));
    assert!(print(&["completions", "fish"]).contains("complete -c gochat"));
    Ok(())
}

fn the_man_page_has_every_command_and_option() -> anyhow::Result<()> {
    let page = print(&["man"]);
    assert!(page.contains(".TH GOCHAT 1") && page.contains("GOCHAT__DATABASE__URL"), "{page}");
    let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    for command in [
        "gochat serve",
        "gochat migrate",
        "gochat healthcheck",
        "gochat config",
        "gochat openapi",
        "gochat completions",
        "gochat man",
    ] {
        assert!(sections.contains(&command), "{sections:?}");
    }
    for group in ["keys", "groups", "members"] {
        let help = print(&[group, "--help"]);
        let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for name in commands.map_while(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
            assert!(sections.contains(&&*format!("gochat {group} {name}")), "{name}: {sections:?}");
            let help = print(&[group, name, "--help"]);
            for option in help.split_whitespace().filter_map(|word| word.strip_prefix("--")) {
                let option = option.trim_end_matches(|c: char| !c.is_ascii_alphabetic()).replace('-', "\\-");
                assert!(page.contains(&format!("\\-\\-{option}")), "{option}: {page}");
            }
        }
    }
    Ok(())
}

fn help_and_completions_need_no_valid_settings() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    for arguments in [&["man"][..], &["completions", "bash"], &["openapi"], &["--help"]] {
        let broken = [("GOCHAT__DATABASE__URL", "nowhere"), ("GOCHAT_PROFILE", "nothing")];
        assert_eq!(run_in(folder.path(), arguments, &broken).code, Some(0), "{arguments:?}");
    }
    Ok(())
}

fn the_openapi_document_equals_the_committed_one() -> anyhow::Result<()> {
    let committed = include_str!("../../../../docs/openapi.json");
    assert!(print(&["openapi"]) == committed, "docs/openapi.json is stale; run `just openapi`");
    Ok(())
}
