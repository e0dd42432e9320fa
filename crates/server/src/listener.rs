//! Listening sockets: TCP, Unix, or inherited from systemd.

mod systemd;
mod tcp;
mod unix;

pub(crate) use unix::SocketFile;

use crate::settings::{Bind, SocketMode};
use anyhow::Context;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    os::unix::net::UnixListener,
};
use systemd::InheritedSockets;

/// Longest queue of connections that wait to be accepted. The standard library asks for 128, which a burst of clients
/// fills; clients beyond it wait a second or more until their SYN is retransmitted. The kernel caps the value at
/// `net.core.somaxconn`.
const BACKLOG: i32 = 2048;

/// A listening socket.
pub enum Listener {
    /// A TCP listener.
    Tcp(TcpListener),
    /// A listener on a Unix socket.
    Unix(UnixListener),
}

/// The address of a listener.
pub(crate) enum ListenAddress {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// The path of a Unix socket; empty if it has none.
    Unix(String),
}

/// Opens the sockets that the settings name.
#[derive(Default)]
pub(crate) struct Listeners {
    inherited: Option<InheritedSockets>,
}

impl Listeners {
    /// Opens the socket for the setting `{name}.bind`. A socket from systemd has this `name` too, as the
    /// `FileDescriptorName` in its unit.
    pub(crate) fn listen(
        &mut self,
        name: &str,
        bind: &Bind,
        mode: SocketMode,
    ) -> anyhow::Result<(Listener, Option<SocketFile>)> {
        let refused = || format!("{name}.bind = \"{bind}\" cannot be used");
        match bind {
            Bind::Address(address) => {
                let listener =
                    tcp::bind(*address).with_context(|| format!("{}; set a free address", refused()))?;
                Ok((Listener::Tcp(listener), None))
            }
            Bind::Unix(path) => {
                let (listener, file) = unix::bind(path, mode).with_context(refused)?;
                Ok((Listener::Unix(listener), Some(file)))
            }
            Bind::Systemd => {
                let sockets = self.inherited.get_or_insert_with(InheritedSockets::from_environment);
                Ok((sockets.take(name).with_context(refused)?, None))
            }
        }
    }

    /// Warns about inherited sockets that no setting uses: a client that connects to one would wait forever.
    pub(crate) fn warn_about_unused(self) {
        let inherited = self.inherited.unwrap_or_else(InheritedSockets::from_environment);
        for name in inherited.unused() {
            tracing::warn!("systemd passed the socket {name}, which no setting uses");
        }
    }
}

impl Listener {
    /// Returns the address of the socket.
    pub(crate) fn address(&self) -> std::io::Result<ListenAddress> {
        Ok(match self {
            Self::Tcp(listener) => ListenAddress::Tcp(listener.local_addr()?),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().map(|path| path.display().to_string());
                ListenAddress::Unix(path.unwrap_or_default())
            }
        })
    }
}

impl ListenAddress {
    /// Returns true if only this machine can reach the address. For a Unix socket, its mode decides which users can.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }

    /// Returns the TCP port, if there is one.
    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }

    /// Returns the IP address and port, if there is one.
    pub(crate) fn socket_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Returns the scheme and authority of its URLs; empty for a Unix socket, which has no URL.
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Tcp(address) => format!("http://{address}"),
            Self::Unix(_) => String::new(),
        }
    }
}

/// Returns the address by which this machine reaches a listener: loopback for one on all addresses.
pub(crate) fn seen_from_here(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}
