//! A proxy in front of PostgreSQL or PgBouncer that injects network faults.

mod faults;
mod frame;
mod link;

pub use frame::Message;

use crate::address;
use faults::Faults;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};
use url::Url;

/// A proxy of PostgreSQL's protocol without TLS. It stops when this value is dropped, and closes all its connections.
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Cluster, FaultProxy, Message};
///
/// let cluster = Cluster::start(Cluster::FAST)?;
/// let database = cluster.database()?;
/// let proxy = FaultProxy::in_front_of(database.url())?;
/// // The code under test goes through the proxy; plain SQL does not.
/// let database = database.through(proxy.url());
///
/// proxy.cut();
/// proxy.hold();
/// proxy.release();
/// // The second commit from now on takes effect, but its answer is lost.
/// proxy.lose_answer(Message::Commit, 2);
/// // A connection that sends a commit waits forever.
/// proxy.mute(Message::Commit);
/// # anyhow::Ok(())
/// ```
pub struct FaultProxy {
    url: String,
    address: SocketAddr,
    faults: Arc<Faults>,
}

impl FaultProxy {
    /// Starts a proxy in front of the server of `url`, which has one host.
    pub fn in_front_of(url: &str) -> anyhow::Result<Self> {
        let url = Url::parse(url)?;
        let server = address::host_and_port(&url)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let url = address::replace(address, url)?;
        let faults = Arc::new(Faults::default());
        let accepting = Arc::clone(&faults);
        thread::spawn(move || {
            for client in listener.incoming().flatten().take_while(|_| !accepting.is_over()) {
                let (server, faults) = (server.clone(), Arc::clone(&accepting));
                // A failed connection is closed, which the other end notices.
                thread::spawn(move || drop(link::serve(client, &server, &faults)));
            }
        });
        Ok(Self { url, address, faults })
    }

    /// The URL that leads through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Closes all connections, at both ends.
    pub fn cut(&self) {
        self.faults.cut();
    }

    /// Holds all traffic from now on, including the end of connections. New connections are accepted by the kernel,
    /// but nothing answers on them.
    pub fn hold(&self) {
        self.faults.hold(true);
    }

    /// Forwards the held traffic, and all later traffic.
    pub fn release(&self) {
        self.faults.hold(false);
    }

    /// Cuts a connection after the server has processed a message, before any of the answer is delivered.
    ///
    /// Applies to the `number`th matching message from now on, counted from 1 over all connections.
    pub fn lose_answer(&self, message: Message, number: usize) {
        self.cut_answer(message, number, 0);
    }

    /// Like [`Self::lose_answer`], but delivers the first `bytes` bytes of the answer before the cut.
    pub fn cut_answer(&self, message: Message, number: usize, bytes: usize) {
        self.faults.lose(message, number, bytes);
    }

    /// Length of the last cut or lost answer, in bytes.
    pub fn answer_length(&self) -> usize {
        self.faults.lost_length()
    }

    /// Mutes each connection that sends such a message from now on: the message and all later ones are dropped
    /// without an error, as with a frozen server, until the connection is closed.
    pub fn mute(&self, message: Message) {
        self.faults.mute(Some(message));
    }

    /// Stops muting further connections.
    pub fn unmute(&self) {
        self.faults.mute(None);
    }

    /// Number of lost answers so far.
    pub fn answers_lost(&self) -> usize {
        self.faults.answers_lost()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.faults.end();
        // Wakes the accepting thread.
        let _closed = TcpStream::connect(self.address);
    }
}
