//! The stream, opened again as often as it breaks.

use super::{
    Answer, Line,
    connection::{Failure, Server},
};
use crate::{commands::files::backoff, http::NDJSON};
use anyhow::{Context, anyhow};
use backon::BackoffBuilder;
use futures_util::future::{Either, select};
use http_body_util::channel::Channel;
use hyper::{
    Method, StatusCode,
    body::{Bytes, Incoming},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    pin::pin,
    time::Duration,
};
use tokio::sync::mpsc;

/// Number of lines that are sent in one piece.
const PIECE: usize = 256;

/// The lines that were taken to be sent.
#[derive(Default)]
struct Sent {
    /// Those that have no answer yet, in their order.
    unanswered: RefCell<VecDeque<Line>>,
    /// Number of lines that have an answer.
    answered: Cell<u64>,
}

/// Sends lines until no further ones come and all are answered. Gives up when the server cannot be reached for too long
/// or refuses the request, and then answers the lines with the reason.
pub(super) async fn run(server: Server, path: String, mut lines: mpsc::Receiver<Line>) {
    let sent = Sent::default();
    let mut delays = backoff::policy().build();
    loop {
        if sent.unanswered.borrow().is_empty() {
            // No connection is open while there is nothing to send.
            let Some(line) = lines.recv().await else { return };
            sent.unanswered.borrow_mut().push_back(line);
        }
        let before = sent.answered.get();
        let end = attempt(&server, &path, &sent, &mut lines).await;
        let has_progressed = sent.answered.get() > before;
        if has_progressed {
            delays = backoff::policy().build();
        }
        let delay = match &end {
            Ok(()) if has_progressed => Some(Duration::ZERO),
            Err(Failure::Final(_)) => None,
            Ok(()) | Err(Failure::Broken(_)) => delays.next(),
        };
        let Some(delay) = delay else {
            let reason = match end {
                Ok(()) => anyhow!("the server answers no line"),
                Err(Failure::Final(error) | Failure::Broken(error)) => error,
            };
            return fail(sent, lines, &reason);
        };
        actix_web::rt::time::sleep(delay).await;
    }
}

/// Sends the unanswered lines, then further ones, and passes on the answers.
async fn attempt(
    server: &Server,
    path: &str,
    sent: &Sent,
    lines: &mut mpsc::Receiver<Line>,
) -> Result<(), Failure> {
    let (mut body, channel) = Channel::<Bytes>::new(1);
    let write = pin!(async {
        let unanswered: String = sent.unanswered.borrow().iter().map(|line| &*line.text).collect();
        body.send_data(unanswered.into()).await?;
        let mut taken = Vec::with_capacity(PIECE);
        while lines.recv_many(&mut taken, PIECE).await > 0 {
            let piece: String = taken.iter().map(|line| &*line.text).collect();
            sent.unanswered.borrow_mut().extend(taken.drain(..));
            body.send_data(piece.into()).await?;
        }
        // The body ends here, and the rest of the answers is still to come.
        drop(body);
        anyhow::Ok(())
    });
    let read = pin!(async {
        let reply = server.send(Method::POST, path, Some(NDJSON), channel).await?;
        match reply.status() {
            StatusCode::OK => read_answers(server, reply.into_body(), sent).await,
            _ => Err(server.refusal(reply).await),
        }
    });
    match select(write, read).await {
        // The reply decides, even if the body could not be sent.
        Either::Left((_, read)) => read.await,
        Either::Right((read, _)) => read,
    }
}

/// Passes on the answers, in the order of the lines.
async fn read_answers(server: &Server, mut body: Incoming, sent: &Sent) -> Result<(), Failure> {
    let mut text = Vec::new();
    while let Some(part) = server.next_part(&mut body).await? {
        text.extend_from_slice(&part);
        let mut whole = 0;
        while let Some(length) = memchr::memchr(b'\n', &text[whole..]) {
            let answer: Answer = serde_json::from_slice(&text[whole..whole + length])
                .context("the server answers with something else than lines")?;
            whole += length + 1;
            let line = sent.unanswered.borrow_mut().pop_front();
            // The receiver is gone when the import was interrupted.
            let _gone = line.context("the server answers more lines than were sent")?.answer.send(Ok(answer));
            sent.answered.set(sent.answered.get() + 1);
        }
        text.drain(..whole);
    }
    Ok(())
}

/// Answers the lines that were sent and those that wait with the reason. No further lines are accepted.
fn fail(sent: Sent, mut lines: mpsc::Receiver<Line>, reason: &anyhow::Error) {
    lines.close();
    let waiting = std::iter::from_fn(|| lines.try_recv().ok());
    for line in sent.unanswered.into_inner().into_iter().chain(waiting) {
        let _gone = line.answer.send(Err(anyhow!("{reason:#}")));
    }
}
