//! A network that fails: a proxy in front of PostgreSQL or PgBouncer.

mod frame;
mod link;
mod switch;

pub use frame::Message;

use crate::detour;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};
use switch::Switch;
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
    switch: Arc<Switch>,
}

impl FaultProxy {
    /// Starts a proxy in front of the server of `url`, which has one host.
    pub fn in_front_of(url: &str) -> anyhow::Result<Self> {
        let url = Url::parse(url)?;
        let server = detour::server(&url)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let url = detour::by_way_of(address, url)?;
        let switch = Arc::new(Switch::default());
        let accepting = Arc::clone(&switch);
        thread::spawn(move || {
            for client in listener.incoming().flatten().take_while(|_| !accepting.is_over()) {
                let (server, switch) = (server.clone(), Arc::clone(&accepting));
                // A connection that fails is closed, as the other end sees.
                thread::spawn(move || drop(link::serve(client, &server, &switch)));
            }
        });
        Ok(Self { url, address, switch })
    }

    /// The URL that leads through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Closes all connections, at both ends.
    pub fn cut(&self) {
        self.switch.cut();
    }

    /// Holds what is sent from now on: neither data nor the end of a connection arrives. A connection can still be opened, as the
    /// kernel accepts it; nothing answers on it.
    pub fn hold(&self) {
        self.switch.hold(true);
    }

    /// Passes what was held, and all that comes.
    pub fn release(&self) {
        self.switch.hold(false);
    }

    /// Cuts one connection after the server has worked off a message, and before anything of the answer arrives.
    ///
    /// It is the `number`th such message from now on, counted from 1 over all connections.
    pub fn lose_answer(&self, message: Message, number: usize) {
        self.cut_answer(message, number, 0);
    }

    /// The same, after so many bytes of the answer have arrived; all of it, if it has no more.
    pub fn cut_answer(&self, message: Message, number: usize, bytes: usize) {
        self.switch.lose(message, number, bytes);
    }

    /// Number of bytes of the last answer that was cut or lost.
    pub fn answer_length(&self) -> usize {
        self.switch.length()
    }

    /// Mutes each connection that sends such a message from now on: neither it nor what follows arrives, and nothing tells its
    /// client, as with a server that is frozen. That holds as long as the connection is open.
    pub fn mute(&self, message: Message) {
        self.switch.mute(Some(message));
    }

    /// Mutes no more connections.
    pub fn unmute(&self) {
        self.switch.mute(None);
    }

    /// Number of answers that were lost up to now.
    pub fn answers_lost(&self) -> usize {
        self.switch.answers_lost()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.switch.end();
        // Has the thread that accepts look.
        let _closed = TcpStream::connect(self.address);
    }
}
