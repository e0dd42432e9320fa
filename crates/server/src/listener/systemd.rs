//! Sockets inherited from systemd (socket activation, `sd_listen_fds(3)`).

use super::Listener;
use anyhow::{Context, bail, ensure};
use listenfd::ListenFd;
use socket2::SockRef;
use std::{env, process};

/// Maximum number of inherited sockets; a higher count is taken for a mistake.
const MAX_SOCKETS: u32 = 256;

/// Names of the sockets that the service uses.
const NAMES: [&str; 2] = ["http", "admin"];

/// Inherited sockets and their names, in the order of their descriptors.
pub(super) struct InheritedSockets {
    sockets: ListenFd,
    names: Vec<String>,
    is_taken: Vec<bool>,
}

impl InheritedSockets {
    /// Takes the sockets from the environment. A second call returns none. Sockets meant for another process, or more
    /// than [`MAX_SOCKETS`], are ignored.
    pub(super) fn from_environment() -> Self {
        let number = |name| env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
        let are_ours = number("LISTEN_PID") == Some(process::id())
            && number("LISTEN_FDS").is_some_and(|count| count <= MAX_SOCKETS);
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        Self::new(if are_ours { ListenFd::from_env() } else { ListenFd::empty() }, &names)
    }

    fn new(sockets: ListenFd, names: &str) -> Self {
        // systemd uses the name `unknown` for a socket whose unit is not known.
        let names = names.split(':').filter(|name| !name.is_empty()).map(str::to_owned);
        let names: Vec<_> =
            names.chain(std::iter::repeat("unknown".to_owned())).take(sockets.len()).collect();
        let is_taken = vec![false; names.len()];
        Self { sockets, names, is_taken }
    }

    /// Takes the socket called `name`. If there is none, but only one socket is left, takes that one, unless it has the
    /// name of the other listener.
    pub(super) fn take(&mut self, name: &str) -> anyhow::Result<Listener> {
        let index = choose(&self.names, &self.is_taken, name)?;
        self.is_taken[index] = true;
        let listener = match self.sockets.take_tcp_listener(index) {
            Ok(listener) => listener.map(Listener::Tcp),
            // A failed attempt leaves the socket in place.
            Err(_) => self
                .sockets
                .take_unix_listener(index)
                .with_context(|| {
                    format!(
                        "the socket {} is neither a TCP socket nor a Unix stream socket",
                        self.names[index]
                    )
                })?
                .map(Listener::Unix),
        };
        let listener = listener.context("the socket is taken already")?;
        let is_listening = match &listener {
            Listener::Tcp(listener) => SockRef::from(listener).is_listener()?,
            Listener::Unix(listener) => SockRef::from(listener).is_listener()?,
        };
        ensure!(is_listening, "the socket {} does not listen; its unit needs Accept=no", self.names[index]);
        Ok(listener)
    }

    /// Returns the names of the sockets that were not taken.
    pub(super) fn unused(&self) -> impl Iterator<Item = &str> {
        let unused = self.names.iter().zip(&self.is_taken).filter(|(_, is_taken)| !**is_taken);
        unused.map(|(name, _)| &**name)
    }
}

/// Chooses the socket for a listener among those that are not taken.
fn choose(names: &[String], is_taken: &[bool], name: &str) -> anyhow::Result<usize> {
    let free: Vec<_> = (0..names.len()).filter(|index| !is_taken[*index]).collect();
    let fitting: Vec<_> = free.iter().copied().filter(|index| names[*index] == name).collect();
    match (&fitting[..], &free[..]) {
        ([one], _) => Ok(*one),
        ([], [only]) if !NAMES.contains(&&*names[*only]) => Ok(*only),
        ([], _) if names.is_empty() => {
            bail!("systemd passed no socket; start the service with its socket unit, or set an address")
        }
        ([], _) => bail!(
            "systemd passed no socket named {name}, only {}; set FileDescriptorName={name} in its unit",
            names.join(", ")
        ),
        (several, _) => {
            bail!("systemd passed {} sockets named {name}; expected one", several.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], name: &str) -> Result<usize, String> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        choose(&names, &vec![false; names.len()], name).map_err(|error| error.to_string())
    }

    #[test]
    fn a_socket_is_chosen_by_name_or_because_it_is_the_only_one() {
        for (names, name, index) in [
            (&["http", "admin"][..], "http", 0),
            (&["http", "admin"], "admin", 1),
            (&["admin", "x", "http"], "http", 2),
            (&["gochat.socket"], "http", 0),
            (&["gochat.socket"], "admin", 0),
            (&["unknown"], "http", 0),
        ] {
            assert_eq!(chosen(names, name), Ok(index), "{names:?} {name}");
        }
        for (names, name, message) in [
            (
                &[][..],
                "http",
                "systemd passed no socket; start the service with its socket unit, or set an address",
            ),
            (
                &["http"],
                "admin",
                "systemd passed no socket named admin, only http; set FileDescriptorName=admin in its unit",
            ),
            (
                &["a", "b"],
                "http",
                "systemd passed no socket named http, only a, b; set FileDescriptorName=http in its unit",
            ),
            (&["http", "http"], "http", "systemd passed 2 sockets named http; expected one"),
        ] {
            assert_eq!(chosen(names, name), Err(message.to_owned()), "{names:?} {name}");
        }
    }

    #[test]
    fn without_systemd_there_are_no_sockets() {
        let mut none = InheritedSockets::new(ListenFd::empty(), "http");
        assert!(none.take("http").is_err());
        assert_eq!(none.unused().count(), 0);
    }
}
