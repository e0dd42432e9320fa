//! Tests of nginx in front of a service.

use gochat_test_support::{Case, Nginx, TestDatabase, cases, deadline::eventually, http::Request};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

pub fn cases() -> Vec<Case> {
    cases![nginx_strips_the_path_and_stops_when_dropped]
}

fn nginx_strips_the_path_and_stops_when_dropped(_: TestDatabase) -> anyhow::Result<()> {
    let service = TcpListener::bind("127.0.0.1:0")?;
    let nginx = Nginx::in_front_of(service.local_addr()?.port(), "/a/b/")?;
    let asked = thread::spawn(move || {
        let (mut stream, _) = service.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        line
    });
    let reply = Request::new("GET", "/a/b/c?d=e").send(nginx.port());
    assert_eq!((reply.status, &*reply.body), (200, "ok"));
    assert_eq!(asked.join().unwrap(), "GET /c?d=e HTTP/1.0\r\n");
    assert_eq!(Request::new("GET", "/elsewhere").send(nginx.port()).status, 404);
    let port = nginx.port();
    drop(nginx);
    eventually("nginx is gone", || TcpStream::connect(("127.0.0.1", port)).err());
    Ok(())
}
