//! Quotes, fields and lines of rows.

use super::{Lines, group, groups, read, refused};
use crate::wire::MAX_BYTES;

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
fn rows_with_only_delimiters_are_ignored() {
    let input = ",,\n\nname,token,admin_id\n,,\na,t,1\n , ,\t\n\"\",\"\",\"\"\n,,,,,,,\nb,t,1\n,,";
    assert_eq!(read(input), [group(5, "a"), group(9, "b")]);
    assert_eq!(read(";;\nname;token;admin_id\n;;\na;t;1"), [group(4, "a")]);
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
