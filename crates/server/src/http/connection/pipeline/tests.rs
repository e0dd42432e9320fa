use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const POST: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
const LAST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn admitted(pipeline: &mut Pipeline, bytes: &[u8]) -> usize {
    pipeline.admit(&mut bytes.to_vec())
}

fn reply(pipeline: &mut Pipeline) -> bool {
    pipeline.reply_started();
    pipeline.reply_flushed()
}

#[test]
fn a_request_is_admitted_once_the_previous_reply_is_flushed() {
    let mut pipeline = Pipeline::new();
    assert_eq!(admitted(&mut pipeline, &[POST, GET].concat()), POST.len());
    assert_eq!(admitted(&mut pipeline, GET), 0);
    // 100 Continue is not a final reply.
    assert!(!pipeline.reply_flushed());
    assert!(reply(&mut pipeline));
    assert_eq!(admitted(&mut pipeline, &[GET, POST].concat()), GET.len());
}

#[test]
fn a_body_is_admitted_in_parts() {
    let mut pipeline = Pipeline::new();
    let (start, end) = POST.split_at(POST.len() - 2);
    assert_eq!(admitted(&mut pipeline, &start[..10]), 0);
    assert_eq!(admitted(&mut pipeline, start), start.len());
    assert_eq!(admitted(&mut pipeline, &[end, GET].concat()), end.len());
    assert!(reply(&mut pipeline));
}

#[test]
fn after_an_early_reply_the_next_request_waits_until_the_reply_is_flushed() {
    let mut pipeline = Pipeline::new();
    let (start, end) = POST.split_at(POST.len() - 2);
    assert_eq!(admitted(&mut pipeline, start), start.len());
    pipeline.reply_started();
    assert_eq!(admitted(&mut pipeline, &[end, GET].concat()), end.len());
    assert!(pipeline.reply_flushed());
}

#[test]
fn nothing_is_admitted_after_the_last_request() {
    let mut pipeline = Pipeline::new();
    assert_eq!(admitted(&mut pipeline, &[LAST, GET].concat()), LAST.len());
    assert!(!reply(&mut pipeline));
    assert_eq!(admitted(&mut pipeline, GET), 0);
}

#[test]
fn empty_lines_count_until_a_request_begins() {
    let mut pipeline = Pipeline::new();
    assert!(pipeline.skip_empty_lines(MAX_EMPTY_LINES));
    assert_eq!(admitted(&mut pipeline, GET), GET.len());
    assert!(reply(&mut pipeline));
    assert!(pipeline.skip_empty_lines(MAX_EMPTY_LINES));
    assert!(!pipeline.skip_empty_lines(1));
}

#[test]
fn bytes_that_are_not_a_request_are_passed_through() {
    for start in [&b"\x16\x03\x01"[..], b"GET /\r\n"] {
        assert_eq!(admitted(&mut Pipeline::new(), start), start.len());
    }
    let odd = b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc";
    assert_eq!(admitted(&mut Pipeline::new(), odd), odd.len());
}
