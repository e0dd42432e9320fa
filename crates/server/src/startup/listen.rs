//! The listeners.

use anyhow::Context;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io,
    net::{SocketAddr, TcpListener},
};

/// Most connections that wait to be accepted. The standard library asks for 128, which a burst of clients fills; those beside
/// it wait a second and more until their SYN is sent again. The kernel takes no more than `net.core.somaxconn` has.
const BACKLOG: i32 = 2048;

/// Takes the address of a setting.
pub(super) fn listen(setting: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    bind(address).with_context(|| {
        format!("{setting} = \"{address}\" cannot be listened on; set an address that is free")
    })
}

/// What [`TcpListener::bind`] does, but for the backlog.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that starts again takes the address at once, though connections of the one before may linger.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, net::TcpStream, time::Duration};

    #[test]
    fn a_burst_of_connections_waits_to_be_accepted() {
        let listener = listen("http.bind", "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let kernel = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        // A process may have 1,024 files open; the standard library's backlog is full at 129.
        let burst = kernel.trim().parse::<usize>().unwrap().min(400);
        let patience = Duration::from_secs(20);
        let waiting: Vec<_> =
            (0..burst).map(|_| TcpStream::connect_timeout(&address, patience).unwrap()).collect();
        assert_eq!(waiting.len(), burst);
    }

    #[test]
    fn an_address_that_is_taken_is_named_with_its_setting() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            // There may be no IPv6.
            let Ok(first) = TcpListener::bind(any) else { continue };
            let taken = first.local_addr().unwrap();
            let error = format!("{:#}", listen("admin.bind", taken).unwrap_err());
            let said =
                format!("admin.bind = \"{taken}\" cannot be listened on; set an address that is free: ");
            assert!(error.starts_with(&said), "{error}");
            drop(first);
            assert_eq!(listen("admin.bind", taken).unwrap().local_addr().unwrap(), taken);
        }
    }
}
