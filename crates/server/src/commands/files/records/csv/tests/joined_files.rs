//! Files that were joined from several ones.

use super::{group, read, read_by, refused};

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
