//! A network that fails: a proxy in front of PostgreSQL or PgBouncer.

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

/// A proxy of PostgreSQL's protocol without TLS. It ends with this value, and all its connections with it.
///
/// # Example
/// ```no_run
/// use gochat_test_support::{Cluster, FaultProxy, Message};
///
/// let cluster = Cluster::start(Cluster::FAST)?;
/// let database = cluster.database()?;
/// let proxy = FaultProxy::in_front_of(database.url())?;
/// // The code under test goes through the proxy, plain SQL does not.
/// let database = database.through(proxy.url());
///
/// proxy.cut();
/// proxy.hold();
/// proxy.release();
/// // The second commit from now on is carried out, and nobody learns that.
/// proxy.lose_answer(Message::Containing("COMMIT"), 2);
/// // A connection that wants to commit waits for ever.
/// proxy.mute(Message::Containing("COMMIT"));
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
        let server = address::of(&url)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let url = address::replace(address, url)?;
        let faults = Arc::new(Faults::default());
        let accepting = Arc::clone(&faults);
        thread::spawn(move || {
            for client in listener.incoming().flatten().take_while(|_| !accepting.is_over()) {
                let (server, faults) = (server.clone(), Arc::clone(&accepting));
                // A connection that fails is closed, as the other end sees.
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

    /// Holds what is sent from now on: neither data nor the end of a connection arrives. A connection can still be opened, as the
    /// kernel accepts it; nothing answers on it.
    pub fn hold(&self) {
        self.faults.hold(true);
    }

    /// Passes what was held, and all that comes.
    pub fn release(&self) {
        self.faults.hold(false);
    }

    /// Cuts one connection after the server has worked off a message, and before anything of the answer arrives.
    ///
    /// It is the `number`th such message from now on, counted from 1 over all connections.
    pub fn lose_answer(&self, message: Message, number: usize) {
        self.cut_answer(message, number, 0);
    }

    /// The same, after so many bytes of the answer have arrived; all of it, if it has no more.
    pub fn cut_answer(&self, message: Message, number: usize, bytes: usize) {
        self.faults.lose(message, number, bytes);
    }

    /// Number of bytes of the last answer that was cut or lost.
    pub fn answer_length(&self) -> usize {
        self.faults.length()
    }

    /// Mutes each connection that sends such a message from now on: neither it nor what follows arrives, and nothing tells its
    /// client, as with a server that is frozen. That holds as long as the connection is open.
    pub fn mute(&self, message: Message) {
        self.faults.mute(Some(message));
    }

    /// Mutes no more connections.
    pub fn unmute(&self) {
        self.faults.mute(None);
    }

    /// Number of answers that were lost up to now.
    pub fn answers_lost(&self) -> usize {
        self.faults.answers_lost()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.faults.end();
        // Has the thread that accepts look.
        let _closed = TcpStream::connect(self.address);
    }
}
