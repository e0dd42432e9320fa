//! `gochat groups import`, while it runs: what it has stored when it is stopped, and how much memory it takes.

use crate::process::{Ended, command, ndjson, run_with};
use gochat_test_support::{TestDatabase, cases};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStderr, Command, Stdio},
};
use tempfile::TempDir;

type Case = (&'static str, fn(TestDatabase) -> anyhow::Result<()>);

pub fn cases() -> Vec<Case> {
    cases![
        what_was_stored_before_an_interrupt_stays_and_a_second_run_adds_the_rest,
        what_was_stored_before_kill_9_stays_and_a_second_run_adds_the_rest,
        a_database_that_fails_ends_it_with_how_far_it_came,
        an_overlong_line_is_not_kept_in_memory,
    ]
    .to_vec()
}

/// An import from standard input that runs.
struct Import {
    child: Child,
    stderr: BufReader<ChildStderr>,
    _folder: TempDir,
}

impl Import {
    fn start(database: &TestDatabase) -> Self {
        let folder = TempDir::new().unwrap();
        let variables = [("GOCHAT__DATABASE__URL", database.url())];
        let mut child = command(folder.path(), &["groups", "import", "-"], &variables)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, _folder: folder }
    }

    fn feed(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Feeds a line that is refused, and returns when it is reported: what stands before it is settled.
    fn settle(&mut self, line: usize) {
        self.feed("x\n");
        let mut said = String::new();
        self.stderr.read_line(&mut said).unwrap();
        assert_eq!(said, format!("line {line}: it is not a JSON object\n"));
    }

    fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
    }

    /// Waits until it ended, with its standard input still open.
    fn end(mut self) -> Ended {
        let stdin = self.child.stdin.take();
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code();
        drop(stdin);
        Ended { code, stdout: String::new(), stderr }
    }
}

fn count(database: &TestDatabase) -> String {
    database.rows("SELECT CAST(count(*) AS text) FROM groups").unwrap()[0][0].clone()
}

fn what_was_stored_before_an_interrupt_stays_and_a_second_run_adds_the_rest(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let mut import = Import::start(&database);
    import.feed(&ndjson("g", 0..1500));
    import.settle(1501);
    import.signal("-INT");
    let ended = import.end();
    assert_eq!(
        (ended.code, &*ended.stderr),
        (
            Some(130),
            "interrupted after line 1,501: created 1,500, there already 0, refused 1; \
             the same import again stores nothing twice\n"
        )
    );
    assert_eq!(count(&database), "1500");
    let again = run_with(&database, &["groups", "import", "-"], ndjson("g", 0..2000).as_bytes());
    assert_eq!((again.code, &*again.stderr), (Some(0), "created 500, there already 1,500, refused 0\n"));
    Ok(())
}

fn what_was_stored_before_kill_9_stays_and_a_second_run_adds_the_rest(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let mut import = Import::start(&database);
    import.feed(&ndjson("g", 0..1500));
    import.settle(1501);
    import.signal("-KILL");
    assert_eq!(import.end().code, None);
    assert_eq!(count(&database), "1500");
    let again = run_with(&database, &["groups", "import", "-"], ndjson("g", 0..2000).as_bytes());
    assert_eq!((again.code, &*again.stderr), (Some(0), "created 500, there already 1,500, refused 0\n"));
    Ok(())
}

fn a_database_that_fails_ends_it_with_how_far_it_came(database: TestDatabase) -> anyhow::Result<()> {
    let mut import = Import::start(&database);
    import.feed(&ndjson("g", 0..10));
    import.settle(11);
    database.execute("DROP TABLE groups")?;
    import.feed(r#"{"name":"x","token":"hush","admin_id":1}"#);
    import.feed("\n");
    let ended = import.end();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let (reached, failed) = ended.stderr.split_once('\n').unwrap();
    let expected = "stopped after line 11: created 10, there already 0, refused 1; \
                    the same import again stores nothing twice";
    assert_eq!(reached, expected);
    assert!(failed.starts_with("gochat: line 12: the group could not be stored: "), "{failed}");
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
    let mut said = String::new();
    import.stderr.read_line(&mut said)?;
    assert_eq!(said, "line 2: it has more than 16384 bytes\n");
    let grown = peak(&import) - before;
    assert!(grown < 8 * 1024, "{grown} KiB");
    drop(import.child.stdin.take());
    assert_eq!(import.end().stderr, "created 0, there already 0, refused 2\n");
    Ok(())
}
