//! Tests with the CSV that people send.

use super::*;
use crate::wire::MAX_BYTES;
use gochat_domain::group::CreateGroup;
use proptest::prelude::*;

fn groups(
    lines: Lines<&[u8]>,
    delimiter: Option<Delimiter>,
) -> anyhow::Result<impl Iterator<Item = io::Result<Record<CreateGroup>>>> {
    records(lines, delimiter)
}

/// Returns the line and the name of each group, or the reason why it is invalid.
fn read(input: &str) -> Vec<(u64, Result<String, String>)> {
    read_by(None, input)
}

fn read_by(delimiter: Option<Delimiter>, input: &str) -> Vec<(u64, Result<String, String>)> {
    groups(Lines::new(input.as_bytes()), delimiter)
        .unwrap()
        .map(Result::unwrap)
        .map(|record| (record.line, record.value.map(|group| group.name.as_str().to_owned())))
        .collect()
}

fn group(line: u64, name: &str) -> (u64, Result<String, String>) {
    (line, Ok(name.to_owned()))
}

fn refused(line: u64, reason: &str) -> (u64, Result<String, String>) {
    (line, Err(reason.to_owned()))
}

#[test]
fn quotes_hold_commas_quotes_and_line_breaks() {
    let input = "note,admin_id,token,name\r\n\r\n\
        \"one\r\n\"\"two\"\"\r\n\r\n\",1,t,\"a, \"\"b\"\"\"\r\n\
        ,\"2\",t,c";
    assert_eq!(read(input), [group(3, "a, \"b\""), group(7, "c")]);
}

#[test]
fn an_unclosed_quote_invalidates_only_its_line() {
    let input = "name,token,admin_id\n\"a,t,1\nb,t,1\nc,\"t,t\",1\nd,t,1\n\"e,t,1";
    assert_eq!(
        read(input),
        [
            refused(2, "a field with a quote must be quoted, and the quote doubled"),
            group(3, "b"),
            group(4, "c"),
            group(5, "d"),
            refused(6, "a quote is not closed"),
        ]
    );
    let long = format!("name,token,admin_id\n\"a,t,1\n{}", "b,t,1\n".repeat(MAX_BYTES / 6 + 1));
    let read = read(&long);
    assert_eq!(read[0], refused(2, "a quote is not closed"));
    assert_eq!((read.len(), &read[1]), (MAX_BYTES / 6 + 2, &group(3, "b")));
}

#[test]
fn an_invalid_row_is_refused_with_the_reason() {
    let reason = |row: &str| read(&format!("name,token,admin_id\n{row}\n")).remove(0).1.unwrap_err();
    assert_eq!(reason("a,t"), "it has 2 fields, but the header has 3");
    assert_eq!(reason("a,t,1,"), "it has 4 fields, but the header has 3");
    assert_eq!(reason("a\rb,t,1"), "it has a carriage return outside quotes");
    for row in [
        "a\"b,t,1",
        "c\"d\"e,t,1",
        "a\"\"b,t,1",
        "a\"\",t,1",
        " \"a\",t,1",
        "\"a\"b,t,1",
        "\"a\" ,t,1",
        "\"a\"b\"\",t,1",
    ] {
        assert_eq!(reason(row), "a field with a quote must be quoted, and the quote doubled", "{row}");
    }
    assert_eq!(reason("\"a\nb\",t,1"), "name must not contain control characters");
    assert_eq!(reason("a,,1"), "token must not be empty");
    assert_eq!(reason("a,t,x"), "admin_id must be an integer from 1 to 9223372036854775807");
    assert_eq!(reason(&"x".repeat(MAX_BYTES + 1)), "it has more than 16384 bytes");
    assert_eq!(
        reason(&format!("a{}", ",".repeat(MAX_BYTES - 1))),
        "it has 16384 fields, but the header has 3"
    );
}

#[test]
fn the_header_has_each_column_once() {
    let error = |header: &str| format!("{:#}", groups(Lines::new(header.as_bytes()), None).err().unwrap());
    assert_eq!(error(""), "the file is empty: its first line must be name,token,admin_id");
    assert_eq!(error("\nname,token\na,t"), "line 2: the header lacks the column admin_id");
    assert_eq!(error("name,x,token,x,admin_id"), "line 1: the header has the column \"x\" twice");
    assert_eq!(error("\"name,token"), "line 1: a quote is not closed");
    assert!(read("\u{feff}token,admin_id,uuid,name\n").is_empty());
}

#[test]
fn columns_without_a_name_are_ignored() {
    let input = "name,token,,admin_id,,\na,t,x,1,,\nb,t,,1\nc,t,,1,note,\nd,t,,1,,,\ne,t,";
    assert_eq!(
        read(input),
        [
            group(2, "a"),
            group(3, "b"),
            group(4, "c"),
            refused(5, "it has 7 fields, but the header has 6"),
            refused(6, "it has 3 fields, but the header has 6"),
        ]
    );
}

#[test]
fn rows_with_only_delimiters_are_ignored() {
    let input = ",,\n\nname,token,admin_id\n,,\na,t,1\n , ,\t\n\"\",\"\",\"\"\n,,,,,,,\nb,t,1\n,,";
    assert_eq!(read(input), [group(5, "a"), group(9, "b")]);
    assert_eq!(read(";;\nname;token;admin_id\n;;\na;t;1"), [group(4, "a")]);
}

#[test]
fn the_header_ignores_case_and_spaces_but_a_row_does_not() {
    let input = "Name, TOKEN ,\tAdmin_ID,Note,note\na, t ,1,,\n b,t,1,,";
    assert_eq!(read(input), [group(2, "a"), refused(3, "name must not begin or end with white space")]);
    let error = groups(Lines::new(&b"name,token,admin_id,NAME"[..]), None).err().unwrap();
    assert_eq!(format!("{error:#}"), "line 1: the header has the column \"name\" twice");
}

#[test]
fn spaces_around_an_admin_id_are_ignored() {
    let input = "admin_id, token, name\n 1,t,a\n2 ,t,b\n\u{a0}3\t,t,c\n\" 4 \",t,d\n5 6,t,e\n ,t,f";
    let refusal = "admin_id must be an integer from 1 to 9223372036854775807";
    assert_eq!(
        read(input),
        [
            group(2, "a"),
            group(3, "b"),
            group(4, "c"),
            group(5, "d"),
            refused(6, refusal),
            refused(7, refusal)
        ]
    );
    // A token is kept byte for byte.
    let mut kept = groups(Lines::new(&b"name, token, admin_id\na, t , 7"[..]), None).unwrap();
    let kept = kept.next().unwrap().unwrap().value.unwrap();
    assert_eq!((kept.token.as_str(), kept.admin_id.get()), (" t ", 7));
}

#[test]
fn the_delimiter_is_detected_from_the_header() {
    for delimiter in [",", ";"] {
        let other = if delimiter == "," { ";" } else { "," };
        let input =
            "name|\"token\"|Admin_ID|x~y~z~\n\"a|b~c\"|~|1|\n".replace('|', delimiter).replace('~', other);
        assert_eq!(read(&input), [group(2, &format!("a{delimiter}b{other}c"))], "{input}");
    }
    assert_eq!(
        read("name\tToken\tadmin_id\nsay \"hi\"\tt\t1\na;b,c\tt\t1\n"),
        [refused(2, "a field with a quote must be quoted, and the quote doubled"), group(3, "a;b,c"),]
    );
    let lacks = |header: &str| format!("{:#}", groups(Lines::new(header.as_bytes()), None).err().unwrap());
    assert_eq!(lacks("name;token"), "line 1: the header lacks the column admin_id");
    assert_eq!(lacks("a;b;c"), "line 1: the header lacks the column name");
}

#[test]
fn a_first_line_declares_the_delimiter() {
    for line in ["sep=|", "SEP=|", "\"sep=|\"", "sep=|||", "\u{feff}sep=|"] {
        assert_eq!(read(&format!("{line}\nname|token|admin_id\na,b|t|1\n")), [group(3, "a,b")], "{line}");
    }
    assert_eq!(read("sep=\t\nname\ttoken\tadmin_id\na\tt\t1"), [group(3, "a")]);
    for line in ["sep=", "sep=x", "sep=;,", "sep=\u{a7}"] {
        let error = groups(Lines::new(format!("{line}\nname;token;admin_id\n").as_bytes()), None).err();
        assert_eq!(
            format!("{:#}", error.unwrap()),
            "line 1: sep= must be followed by a delimiter, like sep=;",
            "{line}"
        );
    }
}

#[test]
fn a_delimiter_argument_overrides_the_file() {
    let pipe = Some("|".parse().unwrap());
    assert_eq!(read_by(pipe, "name|token|admin_id\na;b|t|1"), [group(2, "a;b")]);
    assert_eq!(read_by(pipe, "sep=;\nname|token|admin_id\na;b|t|1"), [group(3, "a;b")]);
    let error = groups(Lines::new(&b"name,token,admin_id\na,t,1"[..]), pipe).err().unwrap();
    assert_eq!(format!("{error:#}"), "line 1: the header lacks the column name");
}

#[test]
fn concatenated_files_repeat_byte_order_marks_and_headers() {
    let file =
        |names: [&str; 2]| format!("\u{feff}name,token,admin_id\n{},t,1\n{},t,1\n", names[0], names[1]);
    let joined = format!("{}{}\u{feff}e,t,1\n\u{feff}\"f\",t,1\n", file(["a", "b"]), file(["c", "d"]));
    assert_eq!(
        read(&joined),
        [group(2, "a"), group(3, "b"), group(5, "c"), group(6, "d"), group(7, "e"), group(8, "f")]
    );
}

#[test]
fn joined_sheets_repeat_the_header_in_another_form() {
    let joined = "name,token,admin_id,,\na,t,1\nNAME,token,Admin_ID\nb,t,1\n name , token,admin_id,,\nc,t,1\n\
        \"Name\", \"Token\",admin_id\nd,t,1\n\u{feff}\"name\",\"token\",\"admin_id\"\ne,t,1\nname,t,1\n";
    let groups =
        [group(2, "a"), group(4, "b"), group(6, "c"), group(8, "d"), group(10, "e"), group(11, "name")];
    assert_eq!(read(joined), groups);
    assert_eq!(
        read("name,token,admin_id\na,t,1\nName,Token,Admin_ID,,\nb,t,1\n"),
        [group(2, "a"), group(4, "b")]
    );
    // Another order of the columns is another header.
    let refusal = "admin_id must be an integer from 1 to 9223372036854775807";
    assert_eq!(read("name,token,admin_id\ntoken,name,admin_id\n"), [refused(2, refusal)]);
}

#[test]
fn joined_sheets_repeat_the_declaration() {
    let sheet = |name: &str| format!("sep=;\nname;token;admin_id\n{name};t;1\n");
    assert_eq!(read(&[sheet("a"), sheet("b")].concat()), [group(3, "a"), group(6, "b")]);
    let joined =
        "name;token;admin_id\na;t;1\n\u{feff}\"sep=;\"\nName;Token;Admin_ID\nsep=;;\nb;t;1\nsep=x;t;1\n";
    assert_eq!(read(joined), [group(2, "a"), group(6, "b"), group(7, "sep=x")]);
    let pipe = Some("|".parse().unwrap());
    let overridden = "sep=;\nname|token|admin_id\na|t|1\nsep=;\nb|t|1\nsep=|\nc|t|1";
    assert_eq!(read_by(pipe, overridden), [group(3, "a"), group(5, "b"), group(7, "c")]);
    let reason =
        "it declares a delimiter that differs from the one used so far; import the sheets one by one";
    assert_eq!(read("name,token,admin_id\nsep=;\na,t,1"), [refused(2, reason), group(3, "a")]);
}

#[test]
fn spaces_around_a_quoted_name_in_the_header_are_ignored() {
    for header in [
        "\"Name\", \"token\", \"admin_id\"",
        " \"name\" ,\t\"token\" , admin_id ",
        "\" name\" , token,\"admin_id\"  ",
    ] {
        assert_eq!(read(&format!("{header}\na,t,1\n")), [group(2, "a")], "{header}");
        let semicolons = header.replace(',', ";");
        assert_eq!(read(&format!("{semicolons}\na;t;1\n")), [group(2, "a")], "{semicolons}");
    }
    assert_eq!(read("\"name\"\t \"token\"\t\"admin_id\"\na\tt\t1\n"), [group(2, "a")]);
    assert_eq!(read("name, token, admin_id, \"a, b\"\na,t,1,\n"), [group(2, "a")]);
    let error = |header: &str| format!("{:#}", groups(Lines::new(header.as_bytes()), None).err().unwrap());
    assert_eq!(error("\"Name\", \"token\""), "line 1: the header lacks the column admin_id");
    let quote = "line 1: a field with a quote must be quoted, and the quote doubled";
    assert_eq!(error("na\"me, \"token\", admin_id"), quote);
}

/// Bytes that are significant in CSV, and others.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b",",
        b";",
        b"\t",
        b"\"",
        b"\n",
        b"\r",
        b"\r\n",
        b" ",
        b"a",
        b"1",
        b"\xff",
        b"\xef\xbb\xbf",
        b"sep=",
        b"name",
        b" \"Name\" ",
        b"Token",
        b"admin_id",
        b"a,t,1\n",
        b"name,token,admin_id\n",
        b"name;token;admin_id;;\n",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_to_the_end_and_each_line_once(head in 0..3_usize, tail in bytes()) {
        let input = [[&b""[..], b"name,token,admin_id\n", b"sep=;\nname;token;admin_id;\n"][head], &tail].concat();
        let lines = input.split(|byte| *byte == b'\n').count() as u64;
        let Ok(records) = groups(Lines::new(&*input), None) else { return Ok(()) };
        let (mut last, mut read) = (0, 0);
        for record in records.map(Result::unwrap) {
            prop_assert!(last < record.line && record.line <= lines, "{} after {last}", record.line);
            prop_assert!(read < record.position && record.position <= input.len() as u64);
            (last, read) = (record.line, record.position);
        }
    }

    #[test]
    fn rows_written_by_the_crate_csv_are_read_back(
        names in prop::collection::vec("[a-z,;\"|]{1,8}", 1..8),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
    ) {
        let mut file = ::csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        file.write_record(["name", "token", "admin_id"]).unwrap();
        for name in &names {
            file.write_record([name.as_str(), "t", "1"]).unwrap();
        }
        let file = String::from_utf8(file.into_inner().unwrap()).unwrap();
        let given = Delimiter::new(delimiter).unwrap();
        let expected: Vec<_> = (2..).zip(&names).map(|(line, name)| group(line, name)).collect();
        prop_assert_eq!(read_by(Some(given), &file), expected.clone());
        if delimiter != b'|' {
            prop_assert_eq!(read(&file), expected);
        }
    }
}
