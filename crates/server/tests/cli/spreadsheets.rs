//! `gochat groups import` of files written by spreadsheets, and of other kinds of files.

use crate::process::{Ended, import, run_in, run_with, stored};
use flate2::{Compression, write::GzEncoder};
use gochat_test_support::{Backend, Case, TestDatabase, cases};
use std::{fs, io::Write};
use tempfile::TempDir;

pub fn cases() -> Vec<Case> {
    cases![
        concatenated_sheets_are_imported,
        a_delimiter_argument_is_used,
        a_delimiter_must_be_one_character_and_needs_csv,
        a_binary_file_is_refused_with_its_kind,
        a_binary_file_without_a_known_extension_is_refused_with_its_kind,
        a_gzip_file_is_decompressed,
        a_truncated_gzip_file_is_an_error,
        a_dry_run_reports_the_outcomes_and_stores_nothing,
        a_dry_run_creates_no_database,
    ]
}

#[track_caller]
fn assert_ended(ended: &Ended, code: i32, stderr: &str) {
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(code), "", stderr));
}

fn concatenated_sheets_are_imported(database: TestDatabase) -> anyhow::Result<()> {
    let sheet = |name: &str| format!("\u{feff}name,token,admin_id\n{name},t,1\n");
    let joined = sheet("a") + &sheet("b") + "\u{feff}c,t,1\n\u{feff},t,1\n";
    let ended = import(&database, "groups.csv", joined.as_bytes(), &[]);
    assert_ended(&ended, 1, "line 6: name must not be empty\ncreated 3, already existing 0, refused 1\n");
    let lines = "{\"name\":\"d\",\"token\":\"t\",\"admin_id\":1}\n\u{feff}{\"name\":\"e\",\"token\":\"t\",\"admin_id\":1}\n";
    let ended = import(&database, "groups.ndjson", lines.as_bytes(), &[]);
    assert_ended(&ended, 0, "created 2, already existing 0, refused 0\n");
    assert_eq!(stored(&database), ["a", "b", "c", "d", "e"].map(|name| [name, "t", "1"]));
    Ok(())
}

fn a_delimiter_argument_is_used(database: TestDatabase) -> anyhow::Result<()> {
    let ended = import(&database, "groups.csv", b"name|token|admin_id\na,b;c|t|1\n", &["--delimiter", "|"]);
    assert_ended(&ended, 0, "created 1, already existing 0, refused 0\n");
    let tabs = b"sep=;\nname\ttoken\tadmin_id\nd\tt\t1\n";
    let arguments = ["groups", "import", "-", "--format", "csv", "--delimiter", "tab"];
    assert_ended(&run_with(&database, &arguments, tabs), 0, "created 1, already existing 0, refused 0\n");
    assert_eq!(stored(&database), [["a,b;c", "t", "1"], ["d", "t", "1"]]);
    Ok(())
}

fn a_delimiter_must_be_one_character_and_needs_csv(database: TestDatabase) -> anyhow::Result<()> {
    let ended = import(&database, "groups.ndjson", b"{}\n", &["--delimiter", ";"]);
    assert_ended(&ended, 2, "gochat: --delimiter is for CSV; the file is read as NDJSON\n");
    for delimiter in ["", ";;", "x", "\"", "\u{a7}"] {
        let ended = import(&database, "groups.csv", b"", &["--delimiter", delimiter]);
        assert_eq!(ended.code, Some(2), "{delimiter}");
        let expected = "expected one ASCII character that is not a letter, a digit, a quote or a line break; or the word tab";
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
    Ok(())
}

fn utf_16(unit_in_bytes: fn(u16) -> [u8; 2], text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(unit_in_bytes).collect()
}

fn utf_32(unit_in_bytes: fn(u32) -> [u8; 4], text: &str) -> Vec<u8> {
    text.chars().map(u32::from).flat_map(unit_in_bytes).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn a_binary_file_is_refused_with_its_kind(database: TestDatabase) -> anyhow::Result<()> {
    let sheet = "name,token,admin_id\na,t,1\n";
    let with_mark = format!("\u{feff}{sheet}");
    let utf_16_message = "this is a UTF-16 file; save it as UTF-8";
    let utf_32_message = "this is a UTF-32 file; save it as UTF-8";
    let zip_message =
        "this is a zip, xlsx or ods file; save the sheet as CSV in UTF-8, or unpack the archive";
    let files: [(Vec<u8>, &str); 16] = [
        (utf_16(u16::to_le_bytes, &with_mark), utf_16_message),
        (utf_16(u16::to_be_bytes, &with_mark), utf_16_message),
        (utf_16(u16::to_le_bytes, sheet), utf_16_message),
        (utf_16(u16::to_be_bytes, sheet), utf_16_message),
        (utf_32(u32::to_le_bytes, &with_mark), utf_32_message),
        (utf_32(u32::to_be_bytes, &with_mark), utf_32_message),
        (utf_32(u32::to_le_bytes, sheet), utf_32_message),
        (utf_32(u32::to_be_bytes, sheet), utf_32_message),
        (b"PK\x03\x04\x14\0\x06\0\x08\0".to_vec(), zip_message),
        (b"PK\x05\x06\0\0\0\0".to_vec(), zip_message),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "this is an xls file; save the sheet as CSV in UTF-8"),
        (
            gzip(sheet.as_bytes()),
            "this is a gzip file; unpack it with zcat, or give it a name that ends in .gz",
        ),
        (b"\xfd7zXZ\0\0\x04".to_vec(), "this is an xz file; unpack it with xzcat"),
        (b"\x28\xb5\x2f\xfd\x04\x58".to_vec(), "this is a zstd file; unpack it with zstdcat"),
        (b"BZh91AY&SY".to_vec(), "this is a bzip2 file; unpack it with bzcat"),
        (b"7z\xbc\xaf\x27\x1c".to_vec(), "this is a 7z file; unpack the archive"),
    ];
    for (content, message) in &files {
        for name in ["groups.csv", "groups.ndjson"] {
            let ended = import(&database, name, content, &[]);
            assert_ended(&ended, 2, &format!("gochat: cannot read {name}: {message}\n"));
        }
        let arguments = ["groups", "import", "-", "--format", "csv"];
        let ended = run_with(&database, &arguments, content);
        assert_ended(&ended, 2, &format!("gochat: cannot read standard input: {message}\n"));
    }
    assert!(stored(&database).is_empty());
    Ok(())
}

fn a_binary_file_without_a_known_extension_is_refused_with_its_kind(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let zip_message =
        "this is a zip, xlsx or ods file; save the sheet as CSV in UTF-8, or unpack the archive";
    let xls_message = "this is an xls file; save the sheet as CSV in UTF-8";
    let zip = b"PK\x03\x04\x14\0\x06\0\x08\0";
    for (name, content, message) in [
        ("groups.xlsx", &zip[..], zip_message),
        ("groups.ODS", zip, zip_message),
        ("groups.zip", zip, zip_message),
        ("groups.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", xls_message),
        ("groups", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", xls_message),
        ("groups.xlsx.gz", &gzip(zip), zip_message),
        ("groups.csv.xz", b"\xfd7zXZ\0\0\x04", "this is an xz file; unpack it with xzcat"),
    ] {
        for arguments in [&[][..], &["--dry-run"]] {
            let ended = import(&database, name, content, arguments);
            assert_ended(&ended, 2, &format!("gochat: cannot read {name}: {message}\n"));
        }
    }
    // Some programs write CSV under these names.
    for name in ["groups.xls", "groups.txt"] {
        let sheet = b"name\ttoken\tadmin_id\na\tt\t1\n";
        let ended = import(&database, name, sheet, &[]);
        let message = format!(
            "the name of {name} does not end in .ndjson, .jsonl or .csv; add --format ndjson or --format csv"
        );
        assert_ended(&ended, 2, &format!("gochat: {message}\n"));
        let ended = import(&database, name, sheet, &["--format", "csv"]);
        assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{ended:?}");
    }
    Ok(())
}

fn a_gzip_file_is_decompressed(database: TestDatabase) -> anyhow::Result<()> {
    // Concatenated gzip files are one file.
    let csv = [gzip(b"name,token,admin_id\na,t,1\n"), gzip(b"b,t,1\n")].concat();
    let ended = import(&database, "groups.csv.gz", &csv, &[]);
    assert_ended(&ended, 0, "created 2, already existing 0, refused 0\n");
    let ndjson = gzip(b"{\"name\":\"c\",\"token\":\"t\",\"admin_id\":1}\n");
    let ended = import(&database, "groups.ndjson.GZ", &ndjson, &[]);
    assert_ended(&ended, 0, "created 1, already existing 0, refused 0\n");
    let ended = import(&database, "groups.gz", &csv, &["--format", "csv"]);
    assert_ended(&ended, 0, "created 0, already existing 2, refused 0\n");
    let ended = import(&database, "groups.txt.gz", &csv, &[]);
    let message =
        "the name of groups.txt does not end in .ndjson, .jsonl or .csv; add --format ndjson or --format csv";
    assert_ended(&ended, 2, &format!("gochat: {message}\n"));
    assert_eq!(stored(&database), ["a", "b", "c"].map(|name| [name, "t", "1"]));
    Ok(())
}

fn a_truncated_gzip_file_is_an_error(database: TestDatabase) -> anyhow::Result<()> {
    let packed = gzip(b"name,token,admin_id\na,t,1\nb,t,1\n");
    let ended = import(&database, "groups.csv.gz", &packed[..packed.len() - 1], &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("gochat: cannot read groups.csv.gz: "), "{ended:?}");
    let ended = import(&database, "groups.csv.gz", b"name,token,admin_id\na,t,1\n", &[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.starts_with(
            "gochat: cannot read groups.csv.gz: the name ends in .gz, but this is not a gzip file; if it is text, remove .gz"
        ),
        "{ended:?}"
    );
    Ok(())
}

fn a_dry_run_reports_the_outcomes_and_stores_nothing(database: TestDatabase) -> anyhow::Result<()> {
    let ended = import(&database, "first.csv", b"name,token,admin_id\nthere,t,1\n", &[]);
    assert_ended(&ended, 0, "created 1, already existing 0, refused 0\n");
    let before = stored(&database);
    let sheet = b"name,token,admin_id\na,t,1\nthere,other,2\nb,,1\na,t,2\nb,t,1\n";
    let ended = import(&database, "groups.csv", sheet, &["--dry-run"]);
    let message = "line 4: token must not be empty\ndry run: 2 to create, already existing 2, refused 1\n";
    assert_ended(&ended, 1, message);
    assert_eq!(stored(&database), before);
    let ended = import(&database, "groups.csv", sheet, &[]);
    assert_ended(&ended, 1, "line 4: token must not be empty\ncreated 2, already existing 2, refused 1\n");
    let ended = import(&database, "groups.csv", sheet, &["--dry-run"]);
    let message = "line 4: token must not be empty\ndry run: 0 to create, already existing 4, refused 1\n";
    assert_ended(&ended, 1, message);
    let ended = import(&database, "right.csv", b"name,token,admin_id\nc,t,1\n", &["--dry-run"]);
    assert_ended(&ended, 0, "dry run: 1 to create, already existing 0, refused 0\n");
    Ok(())
}

fn a_dry_run_creates_no_database(database: TestDatabase) -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join("groups.csv"), b"name,token,admin_id\na,t,1\na,t,1\n")?;
    let url = match database.backend() {
        Backend::Sqlite => "sqlite://data/g.sqlite",
        Backend::Postgres => database.url(),
    };
    let arguments = ["groups", "import", "--dry-run", "groups.csv"];
    let ended = run_in(folder.path(), &arguments, &[("GOCHAT__DATABASE__URL", url)]);
    match database.backend() {
        Backend::Sqlite => {
            assert_ended(&ended, 0, "dry run: 1 to create, already existing 1, refused 0\n");
            assert!(!folder.path().join("data").exists());
        }
        Backend::Postgres => {
            assert_eq!(ended.code, Some(2), "{ended:?}");
            assert!(ended.stderr.contains("lacks the schema versions"), "{ended:?}");
            assert!(ended.stderr.contains("run `gochat migrate`"), "{ended:?}");
            database.rows("SELECT 1 FROM groups").unwrap_err();
        }
    }
    Ok(())
}
