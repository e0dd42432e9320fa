//! Pages of other origins, such as one that runs the jQuery example of GoChat's public API documentation.

use crate::JQUERY;
use gochat_test_support::deadline;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

/// The jQuery example of GoChat's public API documentation, with `http://` added to its address. The page shows the outcome.
const PAGE: &str = r#"<!DOCTYPE html>
<title>page</title>
<script src="/jquery.js"></script>
<body>
<script>
var settings = {
  "url": "http://localhost:1213/v1/group",
  "method": "POST",
  "timeout": 0,
  "headers": {
    "GoChat-Token": "433578ab-84c2-4e02-4656-de55a8097c9f",
    "Content-Type": "application/json"
  },
  "data": JSON.stringify({
    "name": "group_1",
    "token": "298fbgv479bv",
    "admin_id": 1
  }),
};

$.ajax(settings).done(function (response) {
  console.log(response);
}).done(function (response, _, reply) {
  write(reply.status + " " + response.name + " " + reply.getResponseHeader("Location"));
}).fail(function (reply, status) {
  write(reply.status + " " + status);
});

function write(text) {
  $("<p id=seen>").text(text).appendTo("body");
}
</script>
"#;

/// Stands in a page for the head of the request.
pub const REQUEST_HEAD: &str = "REQUEST-HEAD";

/// Serves the page, for a service on `port`, until the process ends. Returns its address.
pub fn serve(port: u16) -> String {
    serve_page(PAGE.replace(":1213", &format!(":{port}")))
}

/// Serves a page until the process ends. Returns its address.
pub fn serve_page(page: String) -> String {
    let jquery = fs::read_to_string(JQUERY).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (page, jquery) = (page.clone(), jquery.clone());
            // Browsers open connections that they do not use.
            thread::spawn(move || answer(&stream, &page, &jquery));
        }
    });
    address
}

fn answer(mut stream: &TcpStream, page: &str, jquery: &str) {
    stream.set_read_timeout(Some(deadline::LIMIT)).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let others: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let (kind, body) = match first.split(' ').nth(1) {
        Some("/jquery.js") => ("text/javascript", jquery.to_owned()),
        _ => ("text/html", page.replace(REQUEST_HEAD, &format!("{first}\n{}", others.join("\n")))),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    // The browser may have closed the connection.
    let _gone = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
}
