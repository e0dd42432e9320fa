//! Invalid request bodies: malformed, too large, or of another type.

use crate::app::App;
use gochat_test_support::{
    Case, TestDatabase, cases,
    http::{Connection, DEVELOPMENT_KEY, Request},
};

pub fn cases() -> Vec<Case> {
    cases![
        a_body_that_is_not_a_json_object_is_malformed,
        a_byte_order_mark_is_reported,
        a_body_of_16_kib_is_accepted_and_a_larger_one_is_refused,
        a_body_declared_too_large_is_refused_at_once,
        a_chunked_body_whose_framing_never_ends_is_not_read_any_further,
        a_body_in_chunks_of_one_byte_is_read,
        the_server_sends_100_continue_only_once_it_reads_the_body,
        a_body_of_another_type_or_encoding_is_refused_unread,
        the_content_type_ignores_case_and_parameters,
    ]
}

const VALID: &str = r#"{"name":"g","token":"t","admin_id":1}"#;

fn a_body_that_is_not_a_json_object_is_malformed(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    let bodies: Vec<Vec<u8>> = vec![
        b"".into(),
        b"   ".into(),
        b"nonsense".into(),
        b"[]".into(),
        b"null".into(),
        b"\"text\"".into(),
        b"{".into(),
        br#"{"name":"g","token":"t","admin_id":1"#.into(),
        br#"{"name":"g","token":"t","admin_id":1,}"#.into(),
        br#"{"name":"g","token":"t","admin_id":1} {}"#.into(),
        br#"{"name":"g","token":"t","admin_id":01}"#.into(),
        br#"{name:"g","token":"t","admin_id":1}"#.into(),
        b"{\"name\":\"g\n\",\"token\":\"t\",\"admin_id\":1}".into(),
        b"{\"name\":\"\xff\",\"token\":\"t\",\"admin_id\":1}".into(),
        b"\xef\xbb\xbf{\"name\":\"g\",\"token\":\"t\",\"admin_id\":1}".into(),
        br#"{"name":"g","token":"t","admin_id":1,"name":"g"}"#.into(),
        br#"{"name":"g","token":"t","admin_id":1,"n\u0061me":"h"}"#.into(),
        br#"{"name":"g","token":"t","admin_id":1,"other":1,"other":2}"#.into(),
        "[".repeat(10_000).into(),
        format!(r#"{{"name":{}"#, "[".repeat(10_000)).into(),
        format!(r#"{{"name":"g","token":"t","admin_id":1,"other":{}}}"#, nested(8_000)).into(),
        format!(r#"{{"name":{},"token":"t","admin_id":1}}"#, nested(129)).into(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        for request in [Request::create(body.clone()), Request::create(body).chunked()] {
            let reply = request.send(app.port);
            assert_eq!((reply.status, &reply.json()["code"]), (400, &"malformed_json".into()), "{shown}");
            let error = reply.json()["error"].as_str().unwrap().to_owned();
            assert!(error.starts_with("the body must be one JSON object: "), "{shown}: {error}");
            reply.assert_error(400, "malformed_json", None, &error);
        }
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_byte_order_mark_is_reported(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let utf_16 = |unit_in_bytes: fn(u16) -> [u8; 2]| {
        format!("\u{feff}{VALID}").encode_utf16().flat_map(unit_in_bytes).collect::<Vec<u8>>()
    };
    let utf_32 = |unit_in_bytes: fn(u32) -> [u8; 4]| {
        format!("\u{feff}{VALID}").chars().map(u32::from).flat_map(unit_in_bytes).collect::<Vec<u8>>()
    };
    for (body, reason) in [
        (format!("\u{feff}{VALID}").into_bytes(), "it begins with a byte order mark (EF BB BF)"),
        (utf_16(u16::to_le_bytes), "it is UTF-16, not UTF-8"),
        (utf_16(u16::to_be_bytes), "it is UTF-16, not UTF-8"),
        (utf_32(u32::to_le_bytes), "it is UTF-32, not UTF-8"),
        (utf_32(u32::to_be_bytes), "it is UTF-32, not UTF-8"),
    ] {
        let error = format!("the body must be one JSON object: {reason}");
        Request::create(body).send(app.port).assert_error(400, "malformed_json", None, &error);
    }
    assert!(app.groups().is_empty());
    Ok(())
}

/// Returns a valid request body of exactly `length` bytes.
fn body_of(length: usize, name: &str) -> String {
    let empty = format!(r#"{{"name":"{name}","token":"t","admin_id":1,"filling":""}}"#);
    let filling = "x".repeat(length - empty.len());
    empty.replace(r#""filling":"""#, &format!(r#""filling":"{filling}""#))
}

fn a_body_of_16_kib_is_accepted_and_a_larger_one_is_refused(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let largest = 16 * 1024;
    assert_eq!(Request::create(body_of(largest, "declared")).send(app.port).status, 201);
    assert_eq!(Request::create(body_of(largest, "chunked")).chunked().send(app.port).status, 201);
    for request in
        [Request::create(body_of(largest + 1, "g")), Request::create(body_of(largest + 1, "g")).chunked()]
    {
        let reply = request.send(app.port);
        reply.assert_error(413, "body_too_large", None, "the body must have at most 16384 bytes");
        assert_eq!(reply.header("connection"), "close");
    }
    assert_eq!(app.names(), ["declared", "chunked"]);
    Ok(())
}

fn a_chunked_body_whose_framing_never_ends_is_not_read_any_further(
    database: TestDatabase,
) -> anyhow::Result<()> {
    let app = App::on(database);
    let head = format!(
        "POST /v1/group HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for (start, framing) in
        [("1;x=", "y".repeat(1_000)), ("", "0".repeat(1_000)), ("1\r\n{\r\n0\r\n", "X: y\r\n".repeat(200))]
    {
        let mut connection = Connection::open(app.port);
        connection.write(format!("{head}{start}").as_bytes());
        for _ in 0..200 {
            connection.write(framing.as_bytes());
        }
        let reply = connection.read();
        reply.assert_error(413, "body_too_large", None, "the body must have at most 16384 bytes");
        assert_eq!(reply.header("connection"), "close");
        assert!(connection.is_closed());
    }
    assert!(app.groups().is_empty());
    Ok(())
}

fn a_body_in_chunks_of_one_byte_is_read(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let body = format!("{:16384}", r#"{"name":"g","token":"t","admin_id":1}"#);
    let chunks: Vec<_> = body.bytes().flat_map(|byte| [b'1', b'\r', b'\n', byte, b'\r', b'\n']).collect();
    let request = Request::create("").header("Transfer-Encoding", "chunked");
    let mut connection = Connection::open(app.port);
    connection.write(&[&request.bytes()[..], &chunks, b"0\r\n\r\n"].concat());
    assert_eq!(connection.read().status, 201);
    Ok(())
}

fn the_server_sends_100_continue_only_once_it_reads_the_body(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let head = |path: &str, key: &str, media_type: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {key}\r\nContent-Type: {media_type}\r\n\
             Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let json = "application/json";
    for (head, status) in [
        (head("/v1/group", DEVELOPMENT_KEY, json, 16_385), 413),
        (head("/v1/group", DEVELOPMENT_KEY, "text/plain", VALID.len()), 415),
        (head("/v1/group", &"k".repeat(43), json, VALID.len()), 401),
        (head("/nothing", DEVELOPMENT_KEY, json, VALID.len()), 404),
    ] {
        let mut connection = Connection::open(app.port);
        connection.write(head.as_bytes());
        let reply = connection.read();
        assert_eq!((reply.status, reply.header("connection")), (status, "close"));
        assert!(connection.is_closed());
    }
    let mut connection = Connection::open(app.port);
    for status in [201, 409] {
        connection.write(head("/v1/group", DEVELOPMENT_KEY, json, VALID.len()).as_bytes());
        connection.read_continue();
        connection.write(VALID.as_bytes());
        assert_eq!(connection.read().status, status);
    }
    Ok(())
}

fn a_body_declared_too_large_is_refused_at_once(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let head = format!(
        "POST /v1/group HTTP/1.1\r\nHost: localhost\r\nGoChat-Token: {DEVELOPMENT_KEY}\r\nContent-Type: application/json\r\n"
    );
    for rest in [
        "Content-Length: 16385\r\n\r\n".to_owned(),
        "Content-Length: 99999999999\r\n\r\n{".to_owned(),
        // A chunked body that never ends: only its first 20,000 bytes are sent.
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}", 1_000_000, "x".repeat(20_000)),
    ] {
        let mut connection = Connection::open(app.port);
        connection.write(format!("{head}{rest}").as_bytes());
        let reply = connection.read();
        reply.assert_error(413, "body_too_large", None, "the body must have at most 16384 bytes");
    }
    Ok(())
}

fn a_body_of_another_type_or_encoding_is_refused_unread(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let no_json = "the content type must be application/json or application/x-ndjson";
    let untyped = Request::create(VALID).without("content-type");
    untyped.send(app.port).assert_error(415, "unsupported_media_type", None, no_json);
    for content_type in
        ["text/plain", "application/jsonp", "application/x-www-form-urlencoded", "application/", ","]
    {
        let reply = untyped.clone().header("Content-Type", content_type).send(app.port);
        reply.assert_error(415, "unsupported_media_type", None, no_json);
    }
    for coding in ["gzip", "br", "gzip, identity"] {
        let reply = Request::create(VALID).header("Content-Encoding", coding).send(app.port);
        reply.assert_error(415, "unsupported_media_type", None, "the body must not be encoded");
    }
    let twice =
        Request::create(VALID).header("Content-Encoding", "identity").header("Content-Encoding", "gzip");
    twice.send(app.port).assert_error(415, "unsupported_media_type", None, "the body must not be encoded");
    assert!(app.groups().is_empty());
    Ok(())
}

fn the_content_type_ignores_case_and_parameters(database: TestDatabase) -> anyhow::Result<()> {
    let app = App::on(database);
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;x=\"y\"",
        "application/json ; x",
    ];
    for (number, content_type) in types.iter().enumerate() {
        let body = format!(r#"{{"name":"g{number}","token":"t","admin_id":1}}"#);
        let request = Request::create(body).without("content-type").header("Content-Type", content_type);
        assert_eq!(
            request.header("Content-Encoding", "identity").send(app.port).status,
            201,
            "{content_type}"
        );
    }
    Ok(())
}
