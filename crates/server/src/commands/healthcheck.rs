//! `gochat healthcheck`

use crate::settings::{AdminBind, Settings};
use anyhow::{Context, bail, ensure};
use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// Longest wait for the whole reply. The server itself waits for its database for less.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes of a reply. That of `/readyz` has some hundred.
const LIMIT: usize = 16 * 1024;

/// Passes if the server of these settings is ready; the error says in one line what is wrong.
pub(super) fn run(settings: &Settings) -> anyhow::Result<()> {
    let address = to_ask(settings.admin_bind)?;
    let asked = format!("http://{address}/readyz");
    let reply =
        ask(address, Instant::now() + PATIENCE).with_context(|| format!("{asked} does not answer"))?;
    ensure!(reply.status == 200, "{asked} answers {}: {}", reply.status, one_line(&reply.body));
    Ok(())
}

/// A reply.
struct Reply {
    status: u16,
    body: String,
}

/// The address of a listener as this machine reaches it.
fn to_ask(bind: AdminBind) -> anyhow::Result<SocketAddr> {
    let AdminBind::Address(mut address) = bind else {
        bail!(
            "admin.bind = \"systemd\" cannot be asked: the address is in the socket unit; set it for this command"
        );
    };
    if address.port() == 0 {
        bail!("admin.bind = \"{address}\" cannot be asked: the port is another one at each start");
    }
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(address)
}

/// The reply to `GET /readyz`, whole.
fn ask(address: SocketAddr, deadline: Instant) -> io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let (mut received, mut buffer) = (Vec::new(), [0; 1024]);
    while received.len() < LIMIT {
        // Before each read, so that a server that sends a byte now and then is late too.
        stream.set_read_timeout(Some(left(deadline)?))?;
        let length = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if is_timeout(&error) => return Err(late()),
            Err(error) => return Err(error),
        };
        received.extend(&buffer[..length]);
        if let Some(reply) = parse(&received)? {
            return Ok(reply);
        }
    }
    Err(no_http())
}

fn left(deadline: Instant) -> io::Result<Duration> {
    Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero()).ok_or_else(late)
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("nothing within {} seconds", PATIENCE.as_secs()))
}

fn no_http() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what it sends is no reply of HTTP")
}

/// The reply in these bytes, once it is whole.
fn parse(received: &[u8]) -> io::Result<Option<Reply>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(received).map_err(|_| no_http())? else {
        return Ok(None);
    };
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|length| str::from_utf8(length.value).ok()?.trim().parse().ok());
    let (Some(status), Some(length)) = (head.code, length) else { return Err(no_http()) };
    let body = received[start..].get(..length);
    Ok(body.map(|body| Reply { status, body: String::from_utf8_lossy(body).into_owned() }))
}

/// A text without ends of lines, and without what else would move the cursor of a terminal.
fn one_line(text: &str) -> String {
    text.trim().replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_asked_on_this_machine() {
        let cases = [
            ("127.0.0.1:1214", "127.0.0.1:1214"),
            ("0.0.0.0:1214", "127.0.0.1:1214"),
            ("[::]:1214", "[::1]:1214"),
            ("[::1]:1", "[::1]:1"),
            ("192.0.2.1:80", "192.0.2.1:80"),
        ];
        for (bound, asked) in cases {
            assert_eq!(to_ask(bound.parse().unwrap()).unwrap().to_string(), asked);
        }
        assert!(to_ask("127.0.0.1:0".parse().unwrap()).is_err());
        assert!(to_ask(AdminBind::Systemd).is_err());
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
    fn what_a_server_says_is_one_line() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc\r\n"), "a b [2Jc");
    }
}
