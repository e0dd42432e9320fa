//! `gochat groups import`: the outcome of each line.

use crate::process::{Ended, import, ndjson, run, run_in, run_on_terminal, run_with, stored};
use gochat_test_support::{Case, TestDatabase, cases};
use std::fs;
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        every_line_of_ndjson_is_stored_or_reported_with_its_number_and_reason,
        every_line_of_csv_is_stored_or_reported_with_its_number_and_reason,
        a_second_run_of_the_same_file_stores_nothing_twice,
        a_name_that_occurs_twice_in_the_file_is_stored_once,
        progress_is_reported_in_lines_without_a_terminal,
        progress_is_a_bar_on_a_terminal,
        a_file_that_cannot_be_read_stores_nothing,
        an_import_never_overflows_a_small_queue,
    ]
}

fn every_line_of_ndjson_is_stored_or_reported_with_its_number_and_reason(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let long = |bytes: usize| {
        let head = r#"{"name":"long","token":"t","admin_id":1,"note":""#;
        format!("{head}{}\"}}", "x".repeat(bytes - head.len() - 2))
    };
    let lines: [&[u8]; 18] = [
        b"\xef\xbb\xbf{\"name\":\"a\",\"token\":\"t\",\"admin_id\":1}\r",
        br#"{"admin_id":"007","token":" \"t,\u00e9 ","name":"e\u0301","id":9,"uuid":"x","created_at":null}"#,
        b"",
        b" \t\r",
        br#"{"name":"","token":"hush","admin_id":1}"#,
        br#"{"name":"b","token":"","admin_id":1}"#,
        br#"{"name":"b","token":"hush","admin_id":1.0}"#,
        br#"{"name":"b","token":"hush","admin_id":1,"x":1,"x":2}"#,
        br#"{"name":"b","token":"hush","admin_id":1"#,
        br#""hush""#,
        br#"["hush"]"#,
        br#"{"name":"b","token":"hush","admin_id":1}{}"#,
        b"{\"name\":\"\xff\",\"token\":\"hush\",\"admin_id\":1}",
        br"hush",
        br#"  {"name":"c","token":"t","admin_id":9223372036854775807}  "#,
        &long(16 * 1024).into_bytes(),
        &long(16 * 1024 + 1).replace("long", "longer").into_bytes(),
        br#"{"name":"last","token":"t","admin_id":2}"#,
    ];
    let ended = import(&database, "groups.ndjson", &lines.join(&b'\n'), &[]);
    let expected = "\
        line 5: name must not be empty\n\
        line 6: token must not be empty\n\
        line 7: admin_id must be an integer from 1 to 9223372036854775807\n\
        line 8: it is not a JSON object: it has a key twice, at column 52\n\
        line 9: it is not a JSON object: EOF while parsing an object, at column 39\n\
        line 10: it is not a JSON object\n\
        line 11: it is not a JSON object\n\
        line 12: it is not a JSON object: trailing characters, at column 41\n\
        line 13: it is not UTF-8\n\
        line 14: it is not a JSON object\n\
        line 17: it has more than 16384 bytes\n\
        created 5, already existing 0, refused 11\n";
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(1), "", expected));
    assert_eq!(
        stored(&database),
        [
            ["a", "t", "1"],
            ["c", "t", "9223372036854775807"],
            ["last", "t", "2"],
            ["long", "t", "1"],
            ["\u{e9}", " \"t,\u{e9} ", "7"]
        ]
    );
    Ok(())
}

fn every_line_of_csv_is_stored_or_reported_with_its_number_and_reason(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let lines: [&[u8]; 17] = [
        b"\xef\xbb\xbfadmin_id,note,name,token\r",
        b"1,\"two\r",
        b"lines, and a \"\"quote\"\"\",a,t\r",
        b"\r",
        b"007,,\"e\xcc\x81, \"\"x\"\"\",\" \"\"t\"\" \"\r",
        b"",
        b"1,,,hush",
        b"1,,b,",
        b"x,,b,hush",
        b"1,,b",
        b"1,,\xff,hush",
        b"1,,\"b,hush",
        b"2,,c,t",
        &[b"1,", "x".repeat(16 * 1024).as_bytes(), b",b,hush"].concat(),
        b"1,,\"a\"b,hush",
        b"1,,c\"d\"e,hush",
        b"3,,last,t",
    ];
    let ended = import(&database, "groups.CSV", &lines.join(&b'\n'), &[]);
    let expected = "\
        line 7: name must not be empty\n\
        line 8: token must not be empty\n\
        line 9: admin_id must be an integer from 1 to 9223372036854775807\n\
        line 10: it has 3 fields, but the header has 4\n\
        line 11: it is not UTF-8\n\
        line 12: a quote is not closed\n\
        line 14: it has more than 16384 bytes\n\
        line 15: a field with a quote must be quoted, and the quote doubled\n\
        line 16: a field with a quote must be quoted, and the quote doubled\n\
        created 4, already existing 0, refused 9\n";
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(1), "", expected));
    assert_eq!(
        stored(&database),
        [["a", "t", "1"], ["c", "t", "2"], ["last", "t", "3"], ["\u{e9}, \"x\"", " \"t\" ", "7"]]
    );
    Ok(())
}

fn a_second_run_of_the_same_file_stores_nothing_twice(database: TestDatabase) -> anyhow::Result<()> {
    let file = ndjson("g", 0..3000);
    let first = import(&database, "groups.jsonl", file.as_bytes(), &[]);
    assert_eq!((first.code, &*first.stderr), (Some(0), "created 3,000, already existing 0, refused 0\n"));
    let rows = "SELECT CAST(id AS text), name, CAST(created_at AS text) FROM groups ORDER BY id";
    let before = database.rows(rows)?;
    let second = run_with(&database, &["groups", "import", "-"], file.as_bytes());
    assert_eq!((second.code, &*second.stderr), (Some(0), "created 0, already existing 3,000, refused 0\n"));
    assert_eq!(before.len(), 3000);
    assert_eq!(database.rows(rows)?, before);
    let longer = ndjson("g", 0..3001);
    let third = run_with(&database, &["groups", "import", "-"], longer.as_bytes());
    assert_eq!(third.stderr, "created 1, already existing 3,000, refused 0\n");
    Ok(())
}

fn a_name_that_occurs_twice_in_the_file_is_stored_once(database: TestDatabase) -> anyhow::Result<()> {
    let file = "token,name,admin_id\nfirst,a,1\nx,\u{e9},1\nsecond,a,2\nx,e\u{301},1\n";
    let ended = run_with(&database, &["groups", "import", "-", "--format", "csv"], file.as_bytes());
    assert_eq!((ended.code, &*ended.stderr), (Some(0), "created 2, already existing 2, refused 0\n"));
    assert_eq!(stored(&database), [["a", "first", "1"], ["\u{e9}", "x", "1"]]);
    Ok(())
}

fn progress_is_reported_in_lines_without_a_terminal(database: TestDatabase) -> anyhow::Result<()> {
    let file = ndjson("g", 0..250) + "\n\nx\n";
    let arguments = ["groups", "import", "--progress-every", "100", "-"];
    let ended = run_with(&database, &arguments, file.as_bytes());
    let expected = "\
        line 100: created 100, already existing 0, refused 0\n\
        line 200: created 200, already existing 0, refused 0\n\
        line 253: it is not a JSON object\n\
        created 250, already existing 0, refused 1\n";
    assert_eq!((&*ended.stderr, &*ended.stdout), (expected, ""));
    Ok(())
}

/// Checks that an import of 3,000 groups and one broken line showed a bar.
pub fn assert_shows_a_bar(ended: &Ended) {
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    let shown = &ended.stderr;
    assert!(shown.contains("\u{2591}") && shown.contains(" 0% "), "{shown:?}");
    assert!(shown.contains("line 3001: it is not a JSON object\r\n"), "{shown:?}");
    assert!(shown.ends_with("created 3,000, already existing 0, refused 1\r\n"), "{shown:?}");
}

fn progress_is_a_bar_on_a_terminal(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join("groups.ndjson"), ndjson("g", 0..3000) + "x\n")?;
    let url = [("GOCHAT__DATABASE__URL", database.url())];
    let ended = run_on_terminal(folder.path(), &["groups", "import", "groups.ndjson"], &url);
    assert_shows_a_bar(&ended);
    Ok(())
}

fn a_file_that_cannot_be_read_stores_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let cases: [(&[&str], &str); 4] = [
        (&["missing.csv"], "cannot read missing.csv: No such file or directory (os error 2)"),
        (
            &["groups.txt"],
            "the name of groups.txt does not end in .ndjson, .jsonl or .csv; add --format ndjson or --format csv",
        ),
        (&["--format", "ndjson", "."], "cannot read .: Is a directory (os error 21)"),
        (
            &["--format", "csv", "/dev/null"],
            "cannot read /dev/null: the file is empty: its first line must be name,token,admin_id",
        ),
    ];
    for (arguments, message) in cases {
        let ended = run(&database, &[&["groups", "import"], arguments].concat());
        assert_eq!((ended.code, ended.stderr), (Some(2), format!("gochat: {message}\n")));
    }
    let header = import(&database, "groups.csv", b"name,token\na,t\n", &[]);
    let message = "gochat: cannot read groups.csv: line 1: the header lacks the column admin_id\n";
    assert_eq!((header.code, &*header.stderr), (Some(2), message));
    assert!(stored(&database).is_empty());
    Ok(())
}

fn an_import_never_overflows_a_small_queue(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join("groups.ndjson"), ndjson("g", 0..300))?;
    let variables = [
        ("GOCHAT__DATABASE__URL", database.url()),
        ("GOCHAT__WRITER__QUEUE", "2"),
        ("GOCHAT__WRITER__BATCH", "7"),
        ("GOCHAT__WRITER__WRITERS", "3"),
    ];
    let ended = run_in(folder.path(), &["groups", "import", "groups.ndjson"], &variables);
    assert_eq!(ended.stderr, "created 300, already existing 0, refused 0\n");
    assert_eq!(stored(&database).len(), 300);
    Ok(())
}
