//! The application on both databases, and requests sent to both.

use crate::app::App;
use anyhow::{Context, ensure};
use gochat_test_support::{TestDatabase, deadline, http::Request};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
};

/// The application on SQLite and on PostgreSQL.
pub struct BothDatabases {
    apps: [App; 2],
    connections: RefCell<[Option<TcpStream>; 2]>,
    /// Number of replies with each status.
    statuses: RefCell<BTreeMap<u16, u64>>,
}

impl BothDatabases {
    /// Starts both.
    pub fn start(postgres: TestDatabase) -> anyhow::Result<Self> {
        // A long timeout, because a slow machine or a sweep must not cause different answers.
        let settings = [("GOCHAT__DATABASE__TIMEOUT", "60s")];
        let apps = [App::with(TestDatabase::sqlite()?, &settings), App::with(postgres, &settings)];
        Ok(Self { apps, connections: RefCell::default(), statuses: RefCell::default() })
    }

    /// Starts both with the groups g1, g2, …, whose token is t and whose administrators are the users 1, 2, ….
    pub fn with_groups(postgres: TestDatabase, count: u16) -> anyhow::Result<Self> {
        let both = Self::start(postgres)?;
        for number in 1..=count {
            let body = format!(r#"{{"name":"g{number}","token":"t","admin_id":{number}}}"#);
            let (status, text) = both.send(&Request::create(body).bytes())?;
            ensure!(status == 201, "{text}");
        }
        Ok(both)
    }

    /// Sends a request to both, and returns their common reply. Fails if the replies differ or have a status from 500 on.
    pub fn send(&self, request: &[u8]) -> anyhow::Result<(u16, String)> {
        let mut connections = self.connections.borrow_mut();
        let mut replies = Vec::new();
        for (app, connection) in self.apps.iter().zip(&mut *connections) {
            replies.push(exchange(app.port, connection, request)?);
        }
        ensure!(replies[0] == replies[1], "on SQLite {:?}, on PostgreSQL {:?}", replies[0], replies[1]);
        ensure!(replies[0].0 < 500, "{:?}", replies[0]);
        *self.statuses.borrow_mut().entry(replies[0].0).or_default() += 1;
        Ok(replies.swap_remove(0))
    }

    /// Sends lines to both, and returns the lines of their common reply, without ids. Fails if the replies differ.
    pub fn send_lines(&self, request: &Request) -> anyhow::Result<Vec<Value>> {
        let [one, other] = self.apps.each_ref().map(|app| request.send(app.port));
        ensure!((one.status, other.status) == (200, 200), "{one:?} {other:?}");
        let [one, other] = [one, other].map(|reply| {
            let mut lines = reply.json_lines();
            for line in &mut lines {
                // Refused groups leave gaps between the ids of PostgreSQL.
                for pointer in ["/group/id", "/group/uuid", "/group/created_at", "/group_id"] {
                    line.pointer_mut(pointer).map(Value::take);
                }
            }
            lines
        });
        ensure!(one == other, "on SQLite {one:?}, on PostgreSQL {other:?}");
        for line in &one {
            let status = line["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            *self.statuses.borrow_mut().entry(status.unwrap_or_default()).or_default() += 1;
        }
        Ok(one)
    }

    /// Prints the number of replies with each status. Fails if one of `statuses` never occurred.
    pub fn assert_seen(&self, what: &str, statuses: &[u16]) -> anyhow::Result<()> {
        let seen = self.statuses.borrow();
        eprintln!("{what}: {} requests to each database, {seen:?}", seen.values().sum::<u64>());
        ensure!(
            statuses.iter().all(|status| seen.contains_key(status)),
            "of {statuses:?} only {seen:?} came"
        );
        Ok(())
    }
}

/// Returns the status and the normalised text of the reply.
fn exchange(port: u16, connection: &mut Option<TcpStream>, request: &[u8]) -> anyhow::Result<(u16, String)> {
    // The server may have closed a reused connection in the meantime. The request is then sent again on a new
    // connection.
    for is_reused in [connection.is_some(), false] {
        let stream = match connection {
            Some(stream) => stream,
            None => connection.insert(open(port)?),
        };
        let written = stream.write_all(request);
        let read = read(stream);
        match (written, read) {
            (_, Ok(Some(text))) => {
                if text.to_lowercase().contains("\r\nconnection: close") {
                    *connection = None;
                }
                let status = text.get(9..12).context("no status")?.parse()?;
                let mut text = normalise(&text);
                // An error closes the connection if it is sent before the body has arrived, which is a matter of timing.
                if [&b"POST "[..], b"PATCH ", b"PUT "].iter().any(|method| request.starts_with(method))
                    && status >= 400
                {
                    text = text.replacen("\r\nconnection: close", "", 1);
                }
                return Ok((status, text));
            }
            (_, Ok(None)) if is_reused => *connection = None,
            (_, Ok(None)) => {
                *connection = None;
                return Ok((0, "closed".to_owned()));
            }
            (_, Err(error)) => return Err(error),
        }
    }
    Ok((0, "closed".to_owned()))
}

fn open(port: u16) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(deadline::LIMIT))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads one reply; `None` if the connection was closed.
fn read(stream: &mut TcpStream) -> anyhow::Result<Option<String>> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16_384]);
    loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = match length {
                // It has no body (RFC 9110, section 15.4.5).
                None if head.starts_with("http/1.1 304") => 0,
                length => length.context("a reply without a length")?.parse()?,
            };
            if bytes.len() >= end + 4 + length {
                return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(read) => bytes.extend(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error).context("no reply"),
        }
    }
}

/// Replaces dates, request ids, UUIDs and times by a dot, and sorts the headers.
fn normalise(text: &str) -> String {
    let mut text = text.to_owned();
    let marks = [
        ("\r\ndate: ", "\r\n"),
        ("\r\nx-request-id: ", "\r\n"),
        (r#""request_id":""#, "\""),
        (r#""uuid":""#, "\""),
        (r#""created_at":""#, "\""),
        (r#""joined_at":""#, "\""),
    ];
    for (begin, end) in marks {
        let mut from = 0;
        while let Some(start) = text[from..].find(begin).map(|found| from + found + begin.len()) {
            let length = text[start..].find(end).unwrap_or(0);
            text.replace_range(start..start + length, ".");
            from = start;
        }
    }
    // The order of headers does not matter.
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return text };
    let mut lines: Vec<_> = head.split("\r\n").map(sorted).collect();
    lines[1..].sort_unstable();
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// Sorts the list in a CORS header.
fn sorted(line: &str) -> String {
    let Some((name, list)) = line.split_once(": ").filter(|(name, _)| name.starts_with("access-control-"))
    else {
        return line.to_owned();
    };
    let mut words: Vec<_> = list.split(", ").collect();
    words.sort_unstable();
    format!("{name}: {}", words.join(", "))
}
