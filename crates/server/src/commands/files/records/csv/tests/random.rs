//! Random files.

use super::{Delimiter, Lines, group, groups, read, read_by};
use proptest::prelude::*;

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
