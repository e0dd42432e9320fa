//! The names of columns in the header.

use super::{Lines, group, groups, read, refused};

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
fn the_header_ignores_case_and_spaces_but_a_row_does_not() {
    let input = "Name, TOKEN ,\tAdmin_ID,Note,note\na, t ,1,,\n b,t,1,,";
    assert_eq!(read(input), [group(2, "a"), refused(3, "name must not begin or end with white space")]);
    let error = groups(Lines::new(&b"name,token,admin_id,NAME"[..]), None).err().unwrap();
    assert_eq!(format!("{error:#}"), "line 1: the header has the column \"name\" twice");
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
