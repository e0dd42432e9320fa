//! Settings in files: `GOCHAT__DATABASE__URL_FILE` and its like.

use crate::process::{Ended, run_in};
use gochat_test_support::{Case, CaseWithoutDatabase, TestDatabase, cases, schema};
use std::{fs, path::PathBuf, process::Command, thread};
use tempfile::TempDir;

pub fn cases() -> Vec<CaseWithoutDatabase> {
    vec![
        ("every_setting_can_be_in_a_file", every_setting_can_be_in_a_file),
        (
            "a_file_that_cannot_be_a_setting_is_refused_by_name",
            a_file_that_cannot_be_a_setting_is_refused_by_name,
        ),
        (
            "a_pipe_is_a_file_too_but_is_not_waited_for_for_ever",
            a_pipe_is_a_file_too_but_is_not_waited_for_for_ever,
        ),
        ("a_setting_and_its_file_are_not_both_taken", a_setting_and_its_file_are_not_both_taken),
        ("no_refusal_shows_what_is_in_a_file", no_refusal_shows_what_is_in_a_file),
        ("the_file_of_an_unknown_setting_is_not_read", the_file_of_an_unknown_setting_is_not_read),
    ]
}

pub fn database_cases() -> Vec<Case> {
    cases![a_database_whose_url_is_in_a_file_is_used].to_vec()
}

/// A folder with files, and the commands that run beside it.
struct Scene {
    files: TempDir,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { files: TempDir::new().unwrap(), folder: TempDir::new().unwrap() }
    }

    fn file(&self, content: impl AsRef<[u8]>) -> String {
        let path = self.path("secret-file");
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn run(&self, command: &str, variables: &[(&str, &str)]) -> Ended {
        run_in(self.folder.path(), &[command], variables)
    }

    /// Passes if the start is refused with exactly this sentence, and nothing is made.
    #[track_caller]
    fn assert_refused(&self, variables: &[(&str, &str)], said: &str) {
        let ended = self.run("serve", variables);
        assert_eq!(
            (ended.code, &*ended.stdout, &*ended.stderr),
            (Some(1), "", &*format!("gochat: {said}\n"))
        );
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 0, "something was made");
    }
}

fn every_setting_can_be_in_a_file() -> anyhow::Result<()> {
    let scene = Scene::new();
    let defaults = scene.run("config", &[]).stdout;
    let sections: toml::Table = defaults.parse()?;
    let mut variables = Vec::new();
    for (section, settings) in &sections {
        for (key, value) in settings.as_table().unwrap() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // A file that is empty is refused.
            if !value.is_empty() {
                let path = scene.path(&format!("{section}.{key}"));
                fs::write(&path, format!("{value}\n"))?;
                let variable = format!("GOCHAT__{section}__{key}_FILE").to_uppercase();
                variables.push((variable, path.to_str().unwrap().to_owned()));
            }
        }
    }
    assert!(variables.len() >= 20, "{variables:?}");
    let variables: Vec<_> = variables.iter().map(|(name, path)| (&**name, &**path)).collect();
    let ended = scene.run("config", &variables);
    assert_eq!((ended.code, ended.stdout, ended.stderr), (Some(0), defaults.clone(), String::new()));
    let other = scene.run("config", &[("GOCHAT__LOG__LEVEL_FILE", &scene.file("debug\n"))]);
    assert_eq!(other.stdout, defaults.replace("level = \"info\"", "level = \"debug\""));
    Ok(())
}

fn a_database_whose_url_is_in_a_file_is_used(database: TestDatabase) -> anyhow::Result<()> {
    let scene = Scene::new();
    let file = scene.file(format!("{}\n", database.url()));
    let migrated = scene.run("migrate", &[("GOCHAT__DATABASE__URL_FILE", &file)]);
    let versions = schema::versions(database.backend())?;
    let said = versions.iter().map(|version| format!("migrated to {version}\n")).collect::<Vec<_>>().concat();
    assert_eq!((migrated.code, migrated.stdout, migrated.stderr), (Some(0), said, String::new()));
    assert_eq!(database.rows("SELECT name FROM groups")?.len(), 0);
    // The file wins over the profile's file too, and a password in it is hidden.
    let shown =
        scene.run("config", &[("GOCHAT__DATABASE__URL_FILE", &scene.file("postgres://u:secret@h/d\n"))]);
    assert!(shown.stdout.contains("url = \"postgres://u:***@h/d\""), "{shown:?}");
    Ok(())
}

fn a_file_that_cannot_be_a_setting_is_refused_by_name() -> anyhow::Result<()> {
    let scene = Scene::new();
    let variable = "GOCHAT__DATABASE__URL_FILE";
    let refused = |path: &str, fault: &str| {
        scene.assert_refused(
            &[(variable, path)],
            &format!("the file \"{path}\" of {variable} is refused: {fault}"),
        );
    };
    let missing = scene.path("missing");
    refused(missing.to_str().unwrap(), "it cannot be read: No such file or directory (os error 2)");
    let folder = scene.files.path();
    refused(folder.to_str().unwrap(), "it cannot be read: Is a directory (os error 21)");
    refused("", "it cannot be read: No such file or directory (os error 2)");
    for content in ["", "\n", "\r\n"] {
        refused(&scene.file(content), "it is empty");
    }
    refused(&scene.file(b"postgres://u:secret\xff@h/d"), "it is not UTF-8");
    refused(
        &scene.file("\u{feff}postgres://u:secret@h/d\n"),
        "it begins with a byte order mark (EF BB BF); save it without",
    );
    for content in ["postgres://u:secret@h/d\n\n", "postgres://u:secret@h/d\npassword\n"] {
        refused(
            &scene.file(content),
            "it has more than one line; expected a single line, with at most one line break at its end",
        );
    }
    refused(&scene.file(vec![b'x'; 64 * 1024 + 1]), "it has more than 65536 bytes");
    refused("/dev/zero", "it has more than 65536 bytes");
    // A URL in the variable itself is a secret in the wrong place.
    scene.assert_refused(
        &[(variable, "postgres://u:secret@h/d")],
        "GOCHAT__DATABASE__URL_FILE is refused: expected the path of a file, not a URL",
    );
    Ok(())
}

fn a_pipe_is_a_file_too_but_is_not_waited_for_for_ever() -> anyhow::Result<()> {
    let scene = Scene::new();
    let pipe = scene.path("pipe");
    let path = pipe.to_str().unwrap();
    assert!(Command::new("mkfifo").arg(path).status()?.success());
    let variable = "GOCHAT__LOG__LEVEL_FILE";
    let said = "it could not be read to its end within 10 seconds";
    scene.assert_refused(
        &[(variable, path)],
        &format!("the file \"{path}\" of {variable} is refused: {said}"),
    );
    let shown = thread::scope(|scope| {
        scope.spawn(|| fs::write(&pipe, "debug\n").unwrap());
        scene.run("config", &[(variable, path)])
    });
    assert!(shown.code == Some(0) && shown.stdout.contains("level = \"debug\""), "{shown:?}");
    Ok(())
}

fn a_setting_and_its_file_are_not_both_taken() -> anyhow::Result<()> {
    let scene = Scene::new();
    let file = scene.file("sqlite://g.sqlite");
    for (other, value) in
        [("GOCHAT__DATABASE__URL", "postgres://u:secret@h/d"), ("GOCHAT__database__url", "")]
    {
        scene.assert_refused(
            &[("GOCHAT__DATABASE__URL_FILE", &file), (other, value)],
            &format!("the file \"{file}\" of GOCHAT__DATABASE__URL_FILE is refused: {other} is set too; set one of the two"),
        );
    }
    Ok(())
}

fn no_refusal_shows_what_is_in_a_file() -> anyhow::Result<()> {
    let scene = Scene::new();
    let file = scene.file("mysql://u:secret@h/d");
    let cases = [
        (
            "GOCHAT__DATABASE__URL_FILE",
            "database.url",
            "sqlite://PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/DATABASE",
        ),
        ("GOCHAT__DATABASE__POOL_SIZE_FILE", "database.pool_size", "a whole number from 1 to 1000"),
        ("GOCHAT__DATABASE__TIMEOUT_FILE", "database.timeout", "a duration from 1s to 60s, like 1s"),
        ("GOCHAT__DATABASE__MIGRATE_ON_START_FILE", "database.migrate_on_start", "true or false"),
        ("GOCHAT__LOG__FORMAT_FILE", "log.format", "pretty or json"),
    ];
    for (variable, setting, expected) in cases {
        scene.assert_refused(
            &[(variable, &file)],
            &format!(
                "{setting} = \"…\" from the file \"{file}\" of {variable} is refused: expected {expected}"
            ),
        );
    }
    Ok(())
}

fn the_file_of_an_unknown_setting_is_not_read() -> anyhow::Result<()> {
    let scene = Scene::new();
    let ended = scene.run("serve", &[("GOCHAT__HTTP__BNID_FILE", "/nowhere")]);
    let start = "gochat: http.bnid_file = \"…\" from the environment is refused: expected one of the settings admin.bind, ";
    assert!(ended.code == Some(1) && ended.stderr.starts_with(start), "{ended:?}");
    Ok(())
}
