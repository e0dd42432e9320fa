//! The stream, opened again as often as it breaks.

use super::{
    Answer, Line,
    connection::{Server, refusal},
};
use crate::{commands::files::backoff, http::NDJSON};
use anyhow::{Context, anyhow};
use backon::BackoffBuilder;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, channel::Channel};
use hyper::{
    Method, StatusCode,
    body::{Bytes, Incoming},
};
use std::{cell::RefCell, collections::VecDeque, pin::pin, time::Duration};
use tokio::sync::mpsc;

/// Number of lines that are sent in one piece.
const PIECE: usize = 256;

/// Lines that were taken to be sent and have no answer yet, in their order.
type Unanswered = RefCell<VecDeque<Line>>;

/// Sends lines until no further ones come and all are answered. Gives up when the server cannot be reached for too long
/// or refuses the request, and then answers the lines with the reason.
pub(super) async fn run(server: Server, path: String, mut lines: mpsc::Receiver<Line>) {
    let unanswered = Unanswered::default();
    let mut delays = backoff::policy().build();
    loop {
        if unanswered.borrow().is_empty() {
            // No connection is open while there is nothing to send.
            let Some(line) = lines.recv().await else { return };
            unanswered.borrow_mut().push_back(line);
        }
        let before = unanswered.borrow().len();
        let end = attempt(&server, &path, &unanswered, &mut lines).await;
        let has_progressed = unanswered.borrow().len() < before || matches!(end, Ok(true));
        if has_progressed {
            delays = backoff::policy().build();
        }
        let delay = match &end {
            Ok(_) if has_progressed => Some(Duration::ZERO),
            Err(Failure::Final(_)) => None,
            Ok(_) | Err(Failure::Broken(_)) => delays.next(),
        };
        let Some(delay) = delay else {
            let reason = match end {
                Ok(_) => anyhow!("the server answers no line"),
                Err(Failure::Final(error) | Failure::Broken(error)) => error,
            };
            return fail(&unanswered, lines, &reason);
        };
        actix_web::rt::time::sleep(delay).await;
    }
}

/// The reason why an attempt ended early.
enum Failure {
    /// Another attempt may succeed.
    Broken(anyhow::Error),
    /// The server refuses the request.
    Final(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// Sends the unanswered lines, then further ones, and passes on the answers. Returns true if there were any answers.
async fn attempt(
    server: &Server,
    path: &str,
    unanswered: &Unanswered,
    lines: &mut mpsc::Receiver<Line>,
) -> Result<bool, Failure> {
    let (mut body, channel) = Channel::<Bytes>::new(1);
    let write = pin!(async {
        let begun: String = unanswered.borrow().iter().map(|line| &*line.text).collect();
        body.send_data(begun.into()).await?;
        let mut taken = Vec::with_capacity(PIECE);
        while lines.recv_many(&mut taken, PIECE).await > 0 {
            let piece: String = taken.iter().map(|line| &*line.text).collect();
            unanswered.borrow_mut().extend(taken.drain(..));
            body.send_data(piece.into()).await?;
        }
        // The body ends here, and the rest of the answers is still to come.
        drop(body);
        anyhow::Ok(())
    });
    let read = pin!(async {
        let reply = server.send(Method::POST, path, Some(NDJSON), channel).await?;
        match reply.status() {
            StatusCode::OK => read_answers(reply.into_body(), unanswered).await,
            // The server may be about to stop, or have too many connections.
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => {
                Err(Failure::Broken(refusal(reply).await))
            }
            _ => Err(Failure::Final(refusal(reply).await)),
        }
    });
    match select(write, read).await {
        // The reply decides, even if the body could not be sent.
        Either::Left((_, read)) => read.await,
        Either::Right((read, _)) => read,
    }
}

/// Passes on the answers, in the order of the lines.
async fn read_answers(mut body: Incoming, unanswered: &Unanswered) -> Result<bool, Failure> {
    let (mut text, mut count) = (Vec::new(), 0_u64);
    while let Some(frame) = body.frame().await {
        let frame = frame.context("the connection to the server broke")?;
        text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        let mut whole = 0;
        while let Some(length) = memchr::memchr(b'\n', &text[whole..]) {
            let answer: Answer = serde_json::from_slice(&text[whole..whole + length])
                .context("the server answers with something else than lines")?;
            whole += length + 1;
            count += 1;
            let line = unanswered.borrow_mut().pop_front();
            // The receiver is gone when the import was interrupted.
            let _gone = line.context("the server answers more lines than were sent")?.answer.send(Ok(answer));
        }
        text.drain(..whole);
    }
    Ok(count > 0)
}

/// Answers the lines that were sent and those that wait with the reason. No further lines are accepted.
fn fail(unanswered: &Unanswered, mut lines: mpsc::Receiver<Line>, reason: &anyhow::Error) {
    lines.close();
    let waiting = std::iter::from_fn(|| lines.try_recv().ok());
    for line in unanswered.take().into_iter().chain(waiting) {
        let _gone = line.answer.send(Err(anyhow!("{reason:#}")));
    }
}
