//! `gochat healthcheck`

use crate::{
    settings::{AdminBind, Settings},
    tls::{self, Tls},
};
use anyhow::{Context, bail, ensure};
use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Longest wait for the whole reply. The server's own wait for its database is shorter.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum size of a reply in bytes. `/readyz` sends a few hundred.
const MAX_REPLY_BYTES: usize = 16 * 1024;

/// Succeeds if the server with these settings is ready. The error is one line with the reason.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    let (address, fallback) = addresses(settings.admin.bind)?;
    let tls = settings.admin.tls.as_ref().map(Tls::load).transpose()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let (address, socket) = connect(address, fallback, deadline).map_err(|(address, error)| {
        anyhow::Error::from(error).context(format!("{} does not answer", url(scheme, address)))
    })?;
    let endpoint = url(scheme, address);
    let reply =
        get_readyz(socket, tls, address, deadline).with_context(|| format!("{endpoint} does not answer"))?;
    ensure!(reply.status == 200, "{endpoint} answers {}: {}", reply.status, one_line(&reply.body));
    Ok(())
}

fn url(scheme: &str, address: SocketAddr) -> String {
    format!("{scheme}://{address}/readyz")
}

/// A reply of the server.
struct Reply {
    status: u16,
    body: String,
}

/// Returns the address of the admin listener as seen from this machine, and a fallback if the machine lacks that
/// address.
fn addresses(bind: AdminBind) -> anyhow::Result<(SocketAddr, Option<SocketAddr>)> {
    let AdminBind::Address(address) = bind else {
        bail!(
            "admin.bind = \"systemd\" does not tell the address; for this command, set the address of the socket unit, like GOCHAT__ADMIN__BIND=127.0.0.1:1214"
        );
    };
    if address.port() == 0 {
        bail!(
            "admin.bind = \"{address}\" cannot be used by this command: port 0 is another port at each start"
        );
    }
    let [v4, v6] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        .map(|loopback: IpAddr| SocketAddr::new(loopback, address.port()));
    Ok(match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => (v4, None),
        // Such a listener accepts IPv4 too, and a container may lack ::1.
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => (v6, Some(v4)),
        _ => (address, None),
    })
}

/// Connects to `address`, or to `fallback` if the machine lacks that address. An error has the address that was tried last.
fn connect(
    address: SocketAddr,
    fallback: Option<SocketAddr>,
    deadline: Instant,
) -> Result<(SocketAddr, TcpStream), (SocketAddr, io::Error)> {
    let connected = remaining(deadline).and_then(|remaining| TcpStream::connect_timeout(&address, remaining));
    match (connected, fallback) {
        (Err(error), Some(fallback)) if !machine_has_address(&error) => connect(fallback, None, deadline),
        (connected, _) => connected.map(|stream| (address, stream)).map_err(|error| (address, error)),
    }
}

/// Returns true if the error proves that the machine has the address: a refused connection or a timeout. The fallback
/// is not tried then, because another program may use the same port there.
fn machine_has_address(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused || is_timeout(error)
}

/// Sends `GET /readyz`, and returns the whole reply.
fn get_readyz(
    socket: TcpStream,
    tls: Option<Tls>,
    address: SocketAddr,
    deadline: Instant,
) -> anyhow::Result<Reply> {
    let timeouts = socket.try_clone()?;
    timeouts.set_write_timeout(Some(remaining(deadline)?))?;
    timeouts.set_read_timeout(Some(remaining(deadline)?))?;
    let mut stream: Box<dyn Stream> = match tls {
        None => Box::new(socket),
        Some(tls) => Box::new(tls::connect(socket, tls.certificate())?),
    };
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let (mut received, mut buffer) = (Vec::new(), [0; 1024]);
    while received.len() < MAX_REPLY_BYTES {
        // Set before each read, so that a server that sends one byte at a time also times out.
        timeouts.set_read_timeout(Some(remaining(deadline)?))?;
        let length = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if is_timeout(&error) => return Err(timed_out().into()),
            Err(error) => return Err(error.into()),
        };
        received.extend(&buffer[..length]);
        if let Some(reply) = parse(&received)? {
            return Ok(reply);
        }
    }
    Err(not_http().into())
}

/// A connection, with or without TLS.
trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    Some(deadline.saturating_duration_since(Instant::now()))
        .filter(|remaining| !remaining.is_zero())
        .ok_or_else(timed_out)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no complete reply within {} seconds", TIMEOUT.as_secs()))
}

fn not_http() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the reply is not HTTP")
}

/// Parses the reply; `None` if it is incomplete.
fn parse(received: &[u8]) -> io::Result<Option<Reply>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(received).map_err(|_| not_http())? else {
        return Ok(None);
    };
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|length| str::from_utf8(length.value).ok()?.trim().parse().ok());
    let (Some(status), Some(length)) = (head.code, length) else { return Err(not_http()) };
    let body = received[start..].get(..length);
    Ok(body.map(|body| Reply { status, body: String::from_utf8_lossy(body).into_owned() }))
}

/// Replaces line breaks and other control characters, which could move the cursor of a terminal.
fn one_line(text: &str) -> String {
    text.trim().replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_on_all_addresses_is_asked_on_a_loopback_address() {
        let cases = [
            ("127.0.0.1:1214", "127.0.0.1:1214", None),
            ("0.0.0.0:1214", "127.0.0.1:1214", None),
            ("[::]:1214", "[::1]:1214", Some("127.0.0.1:1214")),
            ("[::1]:1", "[::1]:1", None),
            ("192.0.2.1:80", "192.0.2.1:80", None),
        ];
        for (bound, asked, fallback) in cases {
            let expected = (asked.parse().unwrap(), fallback.map(|address| address.parse().unwrap()));
            assert_eq!(addresses(bound.parse().unwrap()).unwrap(), expected, "{bound}");
        }
        for bind in [AdminBind::Systemd, "127.0.0.1:0".parse().unwrap()] {
            addresses(bind).unwrap_err();
        }
    }

    #[test]
    fn the_fallback_is_asked_if_the_machine_lacks_the_first_address() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let listening = listener.local_addr().unwrap();
        let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // TCP cannot connect to a multicast address.
        let unreachable: SocketAddr = "224.0.0.1:1214".parse().unwrap();
        let connected = |address, fallback| {
            let connected = connect(address, fallback, Instant::now() + TIMEOUT);
            connected.map(|(address, _)| address).map_err(|(address, error)| format!("{address}: {error}"))
        };
        assert_eq!(connected(unreachable, Some(listening)), Ok(listening));
        let refused = format!("{refusing}: Connection refused (os error 111)");
        assert_eq!(connected(refusing, Some(listening)), Err(refused.clone()));
        assert_eq!(connected(unreachable, Some(refusing)), Err(refused));
    }

    #[test]
    fn a_reply_is_complete_with_its_body() {
        let whole = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).unwrap().is_none(), "{length}");
        }
        let reply = parse(whole).unwrap().unwrap();
        assert_eq!((reply.status, &*reply.body), (503, "busy"));
        for other in [
            "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        ] {
            assert!(parse(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn a_reply_is_shown_on_one_line() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc\r\n"), "a b [2Jc");
    }
}
