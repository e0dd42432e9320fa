//! The faults that a proxy injects.

use super::Message;
use std::{
    collections::HashMap,
    net::{Shutdown, TcpStream},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// The configured faults, shared by the proxy and the threads of its connections.
#[derive(Default)]
pub(super) struct Faults {
    state: Mutex<State>,
    released: Condvar,
}

/// The message whose answer is lost.
struct Lost {
    message: Message,
    /// Number of matching messages still to come, including the one whose answer is lost.
    left: usize,
    /// Number of bytes of the answer to deliver.
    bytes: usize,
}

#[derive(Default)]
struct State {
    is_over: bool,
    is_held: bool,
    lost: Option<Lost>,
    answers_lost: usize,
    /// The message that mutes a connection.
    muting: Option<Message>,
    /// Length of the last answer that was lost.
    lost_length: usize,
    /// Both ends of each connection.
    links: HashMap<usize, [TcpStream; 2]>,
    opened: usize,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.cut();
        self.released.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.state().is_over
    }

    pub(super) fn cut(&self) {
        self.state().links.drain().for_each(|(_, ends)| shut(&ends));
    }

    pub(super) fn hold(&self, is_held: bool) {
        self.state().is_held = is_held;
        self.released.notify_all();
    }

    /// Blocks while traffic is held.
    pub(super) fn wait_while_held(&self) {
        let held = |state: &mut State| state.is_held && !state.is_over;
        drop(self.released.wait_while(self.state(), held).unwrap_or_else(PoisonError::into_inner));
    }

    /// Registers both ends of a connection, to close them later.
    pub(super) fn open(&self, ends: [TcpStream; 2]) -> usize {
        let mut state = self.state();
        state.opened += 1;
        let link = state.opened;
        if state.is_over {
            shut(&ends);
        }
        state.links.insert(link, ends);
        link
    }

    /// Closes both ends of a connection after one end has closed.
    pub(super) fn close(&self, link: usize) {
        self.wait_while_held();
        if let Some(ends) = self.state().links.remove(&link) {
            shut(&ends);
        }
    }

    pub(super) fn lose(&self, message: Message, number: usize, bytes: usize) {
        self.state().lost = Some(Lost { message, left: number, bytes });
    }

    /// If the answer to this message must be lost, returns the number of its bytes to deliver.
    pub(super) fn loses(&self, frame: &[u8]) -> Option<usize> {
        let mut state = self.state();
        let lost = state.lost.as_mut().filter(|lost| lost.message.matches(frame))?;
        lost.left = lost.left.saturating_sub(1);
        let is_this = lost.left == 0;
        state.lost.take_if(|_| is_this).map(|lost| lost.bytes)
    }

    pub(super) fn mute(&self, message: Option<Message>) {
        self.state().muting = message;
    }

    /// Returns true if this message mutes its connection.
    pub(super) fn mutes(&self, frame: &[u8]) -> bool {
        self.state().muting.is_some_and(|message| message.matches(frame))
    }

    pub(super) fn count_lost(&self, length: usize) {
        let mut state = self.state();
        state.answers_lost += 1;
        state.lost_length = length;
    }

    pub(super) fn lost_length(&self) -> usize {
        self.state().lost_length
    }

    pub(super) fn answers_lost(&self) -> usize {
        self.state().answers_lost
    }
}

fn shut(ends: &[TcpStream; 2]) {
    for end in ends {
        // The other side may have closed it already.
        let _closed = end.shutdown(Shutdown::Both);
    }
}
