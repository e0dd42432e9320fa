//! Imports and exports that are interrupted, and the memory use of an import.

use crate::process::{Ended, command_by, fill, is_progress, ndjson, run_with, signal, without_progress};
use gochat_test_support::{
    Case, TestDatabase, cases,
    deadline::{self, Lines},
};
use std::{
    fs,
    io::Write,
    iter,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Stdio},
};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        after_a_signal_a_second_run_adds_the_rest,
        an_import_under_nohup_ignores_sighup,
        after_kill_9_a_second_run_adds_the_rest,
        a_failing_database_ends_an_import_with_a_progress_report,
        an_overlong_line_is_not_kept_in_memory,
        an_interrupted_export_leaves_no_file,
    ]
}

/// Signals that stop a process, with their exit codes.
const SIGNALS: [(&str, i32); 3] = [("-HUP", 129), ("-INT", 130), ("-TERM", 143)];
/// Resets SIGHUP to its default action. If the tests run under `nohup`, a command inherits that it is ignored.
const HANGUP: &[&str] = &["env", "--default-signal=HUP"];
const NO_HANGUP: &[&str] = &["env", "--ignore-signal=HUP"];

/// A running import from standard input.
struct Import {
    child: Child,
    stderr: Lines,
    _folder: TempDir,
}

impl Import {
    fn start(database: &TestDatabase) -> Self {
        Self::start_by(HANGUP, database)
    }

    fn start_by(starter: &[&str], database: &TestDatabase) -> Self {
        let folder = TempDir::new().unwrap();
        let variables = [("GOCHAT__DATABASE__URL", database.url())];
        let mut child = command_by(starter, folder.path(), &["groups", "import", "-"], &variables)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, stderr, _folder: folder }
    }

    fn feed(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Feeds an invalid line and waits until it is reported. All lines before it are stored then.
    fn settle(&mut self, line: usize) {
        self.feed("x\n");
        assert_eq!(self.message(), Some(format!("line {line}: it is not a JSON object\n")));
    }

    /// The next line of standard error that reports no progress.
    fn message(&self) -> Option<String> {
        iter::from_fn(|| self.stderr.line()).find(|line| !is_progress(line))
    }

    /// Waits for the end while standard input is still open.
    fn end(mut self) -> Ended {
        let stdin = self.child.stdin.take();
        let stderr = without_progress(&self.stderr.rest());
        let code = deadline::exit(&mut self.child).code();
        drop(stdin);
        Ended { code, stdout: String::new(), stderr }
    }
}

fn count(database: &TestDatabase) -> String {
    database.rows("SELECT CAST(count(*) AS text) FROM groups").unwrap()[0][0].clone()
}

fn after_a_signal_a_second_run_adds_the_rest(database: TestDatabase) -> anyhow::Result<()> {
    for (name, code) in SIGNALS {
        let mut import = Import::start(&database);
        import.feed(&ndjson(name, 0..1500));
        import.settle(1501);
        signal(&import.child, name);
        let ended = import.end();
        assert_eq!(
            (ended.code, &*ended.stderr),
            (
                Some(code),
                "interrupted after line 1,501: created 1,500, already existing 0, refused 1; \
                 it is safe to run the same import again\n"
            ),
            "{name}"
        );
        let again = run_with(&database, &["groups", "import", "-"], ndjson(name, 0..2000).as_bytes());
        assert_eq!(
            (again.code, &*again.stderr),
            (Some(0), "created 500, already existing 1,500, refused 0\n")
        );
    }
    assert_eq!(count(&database), "6000");
    Ok(())
}

fn an_import_under_nohup_ignores_sighup(database: TestDatabase) -> anyhow::Result<()> {
    let mut import = Import::start_by(NO_HANGUP, &database);
    import.settle(1);
    signal(&import.child, "-HUP");
    import.settle(2);
    drop(import.child.stdin.take());
    let ended = import.end();
    assert_eq!((ended.code, &*ended.stderr), (Some(1), "created 0, already existing 0, refused 2\n"));
    Ok(())
}

fn after_kill_9_a_second_run_adds_the_rest(database: TestDatabase) -> anyhow::Result<()> {
    let mut import = Import::start(&database);
    import.feed(&ndjson("g", 0..1500));
    import.settle(1501);
    signal(&import.child, "-KILL");
    assert_eq!(import.end().code, None);
    assert_eq!(count(&database), "1500");
    let again = run_with(&database, &["groups", "import", "-"], ndjson("g", 0..2000).as_bytes());
    assert_eq!((again.code, &*again.stderr), (Some(0), "created 500, already existing 1,500, refused 0\n"));
    Ok(())
}

fn a_failing_database_ends_an_import_with_a_progress_report(database: TestDatabase) -> anyhow::Result<()> {
    let mut import = Import::start(&database);
    import.feed(&ndjson("g", 0..10));
    import.settle(11);
    for table in ["members", "groups"] {
        database.execute(&format!("DROP TABLE {table}"))?;
    }
    import.feed(r#"{"name":"x","token":"hush","admin_id":1}"#);
    import.feed("\n");
    let ended = import.end();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let (reached, failed) = ended.stderr.split_once('\n').unwrap();
    let expected = "stopped after line 11: created 10, already existing 0, refused 1; \
                    it is safe to run the same import again";
    assert_eq!(reached, expected);
    assert!(failed.starts_with("gochat: line 12: the storage "), "{failed}");
    assert!(!failed.contains("hush"), "{failed}");
    Ok(())
}

fn an_overlong_line_is_not_kept_in_memory(database: TestDatabase) -> anyhow::Result<()> {
    let mut import = Import::start(&database);
    let peak = |import: &Import| -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", import.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    import.settle(1);
    let before = peak(&import);
    let mebibyte = "x".repeat(1024 * 1024);
    for _ in 0..64 {
        import.feed(&mebibyte);
    }
    import.feed("\n");
    assert_eq!(import.message().as_deref(), Some("line 2: it has more than 16384 bytes\n"));
    let grown = peak(&import) - before;
    assert!(grown < 8 * 1024, "{grown} KiB");
    drop(import.child.stdin.take());
    assert_eq!(import.end().stderr, "created 0, already existing 0, refused 2\n");
    Ok(())
}

fn an_interrupted_export_leaves_no_file(database: TestDatabase) -> anyhow::Result<()> {
    fill(&database, &ndjson("g", 0..5000));
    for (name, code) in SIGNALS {
        let folder = TempDir::new()?;
        let files = || -> Vec<String> {
            let entries = fs::read_dir(folder.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        };
        // While standard error is blocked, the export cannot get past the first page.
        let (stderr, mut full) = UnixStream::pair()?;
        full.set_nonblocking(true)?;
        while full.write(&[b'.'; 1024]).is_ok() {}
        full.set_nonblocking(false)?;
        let arguments = ["groups", "export", "--progress-every", "1", "groups.ndjson"];
        let variables = [("GOCHAT__DATABASE__URL", database.url())];
        let mut child =
            command_by(HANGUP, folder.path(), &arguments, &variables).stderr(OwnedFd::from(full)).spawn()?;
        deadline::eventually("a file", || {
            assert_eq!(child.try_wait().unwrap(), None);
            files().pop()
        });
        signal(&child, name);
        let message = Lines::of(stderr).rest();
        let message = message.trim_start_matches('.');
        assert_eq!(deadline::exit(&mut child).code(), Some(code), "{message}");
        assert!(message.ends_with("interrupted: groups.ndjson is not written\n"), "{message}");
        assert!(files().is_empty(), "{:?}", files());
    }
    Ok(())
}
