//! The delimiter: detected, declared or given.

use super::{Lines, group, groups, read, read_by, refused};

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
