//! TCP listeners.

use super::BACKLOG;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{SocketAddr, TcpListener},
};

/// Listens like [`TcpListener::bind`], but with a longer backlog.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Allows a restart while old connections are still in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{listener::Listeners, settings::Bind};
    use std::{fs, net::TcpStream, time::Duration};

    #[test]
    fn a_burst_of_connections_waits_to_be_accepted() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let kernel = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        // A process may have 1,024 files open; the standard library's backlog is full at 129.
        let burst = kernel.trim().parse::<usize>().unwrap().min(400);
        let timeout = Duration::from_secs(20);
        let waiting: Vec<_> =
            (0..burst).map(|_| TcpStream::connect_timeout(&address, timeout).unwrap()).collect();
        assert_eq!(waiting.len(), burst);
    }

    #[test]
    fn an_address_in_use_is_reported_with_its_setting() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            // IPv6 may be missing.
            let Ok(first) = TcpListener::bind(any) else { continue };
            let taken = first.local_addr().unwrap();
            let mode = "660".parse().unwrap();
            let refused = Listeners::default().listen("admin", &Bind::Address(taken), mode);
            let error = format!("{:#}", refused.err().unwrap());
            let message = format!("admin.bind = \"{taken}\" cannot be used; set a free address: ");
            assert!(error.starts_with(&message), "{error}");
            drop(first);
            assert_eq!(bind(taken).unwrap().local_addr().unwrap(), taken);
        }
    }
}
