//! The lines in flight: their answers become the lines of the reply, in the order of the request.

use super::{LineCounts, Operation, PendingLine, streams::OpenStream};
use crate::http::{
    connection::OpenReply,
    error::{ApiError, LineOutcome},
};
use actix_web::{
    ResponseError,
    http::header::HeaderValue,
    web::{BufMut, Bytes, BytesMut},
};
use futures_util::{
    Stream, StreamExt,
    stream::{FuturesOrdered, LocalBoxStream},
};
use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// Size at which a part of the reply is sent, even if further answers are there.
const PART_BYTES: usize = 32 * 1024;

/// The requests that the storage has taken, with the numbers of their lines.
pub(super) type Taken<T> = LocalBoxStream<'static, (u64, PendingLine<T>)>;

/// The lines of a reply.
pub(super) struct Replies<O: Operation> {
    taken: Taken<O::Answer>,
    is_reading: bool,
    /// Numbers of the lines in flight.
    numbers: VecDeque<u64>,
    answers: FuturesOrdered<PendingLine<O::Answer>>,
    stream: OpenStream,
    /// Lines to be sent.
    part: BytesMut,
    counts: Rc<LineCounts>,
    request_id: Option<HeaderValue>,
    is_cause_logged: bool,
    _open: Option<OpenReply>,
}

impl<O: Operation> Replies<O> {
    pub(super) fn new(
        taken: Taken<O::Answer>,
        stream: OpenStream,
        counts: Rc<LineCounts>,
        request_id: Option<HeaderValue>,
    ) -> Self {
        Self {
            taken,
            is_reading: true,
            numbers: VecDeque::new(),
            answers: FuturesOrdered::new(),
            stream,
            part: BytesMut::new(),
            counts,
            request_id,
            is_cause_logged: false,
            _open: None,
        }
    }

    /// Returns true while there may be further lines.
    pub(super) fn is_reading(&self) -> bool {
        self.is_reading
    }

    /// Keeps `open` until the reply is complete.
    pub(super) fn keep_open(self, open: Option<OpenReply>) -> Self {
        Self { _open: open, ..self }
    }

    /// Reads lines until the window is full, or no line is there.
    fn fill(&mut self, cx: &mut Context<'_>) {
        while self.is_reading && self.stream.has_room(self.answers.len()) {
            match self.taken.poll_next_unpin(cx) {
                Poll::Ready(Some((number, answer))) => {
                    self.stream.mark_busy();
                    self.numbers.push_back(number);
                    self.answers.push_back(answer);
                }
                Poll::Ready(None) => self.is_reading = false,
                Poll::Pending => {
                    if self.answers.is_empty() {
                        self.stream.mark_idle();
                    }
                    return;
                }
            }
        }
    }

    fn write(&mut self, answer: &Result<O::Answer, ApiError>) {
        let Some(number) = self.numbers.pop_front() else { return };
        let (status, line) = match answer {
            Ok(answer) => {
                let status = O::status(answer);
                (status, O::line(LineOutcome::success(number, status), Some(answer)))
            }
            Err(error) => {
                self.log_cause(number, error);
                (error.status_code(), O::line(error.as_outcome(number), None))
            }
        };
        // Serialising a line and writing to memory cannot fail.
        if serde_json::to_writer((&mut self.part).writer(), &line).is_ok() {
            self.part.put_u8(b'\n');
        }
        self.counts.answered(status);
    }

    /// Logs the cause of the first error that has one. An outage fails many lines for one reason.
    fn log_cause(&mut self, line: u64, error: &ApiError) {
        let Some(cause) = error.cause.as_ref().filter(|_| !self.is_cause_logged) else { return };
        self.is_cause_logged = true;
        let request_id = self.request_id.as_ref().and_then(|id| id.to_str().ok());
        tracing::error!(request_id, line, cause = format!("{cause:#}"), "{error}");
    }
}

impl<O: Operation> Stream for Replies<O> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.part.len() < PART_BYTES {
            this.fill(cx);
            let Poll::Ready(Some(answer)) = this.answers.poll_next_unpin(cx) else { break };
            this.write(&answer);
        }
        if !this.part.is_empty() {
            Poll::Ready(Some(Ok(this.part.split().freeze())))
        } else if this.is_reading || !this.answers.is_empty() {
            Poll::Pending
        } else {
            this.counts.complete();
            Poll::Ready(None)
        }
    }
}

impl<O: Operation> Unpin for Replies<O> {}
