//! The listeners: sockets on which clients arrive.

mod systemd;
mod tcp;
mod unix;

pub(crate) use unix::SocketFile;

use crate::settings::{Bind, SocketMode};
use anyhow::Context;
use std::{fmt, net::SocketAddr, net::TcpListener, os::unix::net::UnixListener};
use systemd::InheritedSockets;

/// Most connections that wait to be accepted. The standard library asks for 128, which a burst of clients fills; those beside
/// it wait a second and more until their SYN is sent again. The kernel takes no more than `net.core.somaxconn` has.
const BACKLOG: i32 = 2048;

/// A socket that listens.
pub enum Listener {
    /// On an address.
    Tcp(TcpListener),
    /// On a path of this machine.
    Unix(UnixListener),
}

/// The place of a listener.
pub(crate) enum ListenAddress {
    /// An address.
    Tcp(SocketAddr),
    /// The path of a Unix socket; empty where it has none.
    Unix(String),
}

/// Takes the sockets that the settings name.
#[derive(Default)]
pub(crate) struct Listeners {
    inherited: Option<InheritedSockets>,
}

impl Listeners {
    /// The socket of a setting. `name` is what a unit of systemd calls it.
    pub(crate) fn listen(
        &mut self,
        name: &str,
        bind: &Bind,
        mode: SocketMode,
    ) -> anyhow::Result<(Listener, Option<SocketFile>)> {
        let refused = || format!("{name}.bind = \"{bind}\" cannot be listened on");
        match bind {
            Bind::Address(address) => {
                let listener = tcp::bind(*address)
                    .with_context(|| format!("{}; set an address that is free", refused()))?;
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

    /// Warns of sockets that no setting takes: a client that connects there would wait for ever.
    pub(crate) fn warn_about_unused(self) {
        let inherited = self.inherited.unwrap_or_else(InheritedSockets::from_environment);
        for name in inherited.unused() {
            tracing::warn!("systemd has handed over the socket {name}, which no setting takes");
        }
    }
}

impl Listener {
    /// Where it is.
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
    /// Whether this machine alone reaches it. The mode of a Unix socket says which of its users do.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }

    /// The port, where there is one.
    pub(crate) fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(address) => Some(address.port()),
            Self::Unix(_) => None,
        }
    }

    /// What stands before the path of a URL; nothing for a Unix socket, which no URL names.
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Tcp(address) => format!("http://{address}"),
            Self::Unix(_) => String::new(),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}
