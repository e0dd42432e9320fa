//! Answers a body of lines.

use super::{
    LineCounts, NDJSON, Operation, PendingLine, Streams,
    counts::End,
    in_flight::Replies,
    reader::{Line, LineReader, TooLong},
};
use crate::{
    http::{
        body::{TimeLimit, check_coding},
        connection::BodySignals,
        error::ApiError,
        metrics::{HttpMetrics, UNKNOWN},
        request_id::RequestId,
    },
    wire::MAX_BYTES,
};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload, rt::time::timeout, web::ThinData,
};
use anyhow::anyhow;
use futures_util::{
    FutureExt, StreamExt,
    future::{Either, select},
    stream::{iter, unfold},
};
use std::{
    any::type_name,
    future::{Ready, ready},
    pin::pin,
    rc::Rc,
    time::Duration,
};

/// A body of lines that has not been read yet, so that a handler can check the caller first.
pub(in crate::http) struct LinesBody {
    request: HttpRequest,
    payload: Payload,
}

impl FromRequest for LinesBody {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self { request: request.clone(), payload: payload.take() }))
    }
}

impl LinesBody {
    /// Answers each line as `operation` does.
    ///
    /// The head of the reply is sent with the first answer. A small body has been read completely by then, so the
    /// connection stays open for further requests. If no line comes in time, the status is 408, as for any other body.
    pub(in crate::http) async fn answer<O: Operation>(self, operation: O) -> Result<HttpResponse, ApiError> {
        let Self { request, payload } = self;
        check_coding(request.headers())?;
        let signals = request.conn_data::<BodySignals>();
        if let Some(signals) = signals {
            signals.want();
        }
        let ThinData(streams) = app_data::<ThinData<Streams>>(&request)?;
        let ThinData(metrics) = app_data::<ThinData<HttpMetrics>>(&request)?;
        let TimeLimit(limit) = *app_data::<TimeLimit>(&request)?;
        let route = request.match_pattern().unwrap_or_else(|| UNKNOWN.to_owned());
        let counts = Rc::new(LineCounts::new(route, metrics.clone()));
        let reading = Reading {
            lines: LineReader::new(payload),
            operation: Rc::new(operation),
            limit,
            streams: streams.clone(),
            counts: Rc::clone(&counts),
        };
        let taken = unfold(reading, |mut reading| async move { Some((reading.next().await?, reading)) });
        let request_id = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
        let mut replies =
            Replies::<O>::new(taken.boxed_local(), streams.open(), Rc::clone(&counts), request_id);
        let first = replies.next().await;
        if first.is_none() {
            match counts.end() {
                End::Stalled => return Err(ApiError::request_timeout()),
                End::CutShort => return Err(ApiError::body_cut_short()),
                End::Stopping => return Err(ApiError::unavailable(anyhow!("the server stops"))),
                End::Complete | End::Abandoned => {}
            }
        }
        let mut response = HttpResponse::Ok();
        response.content_type(NDJSON);
        if replies.is_reading() || counts.has_unread_lines() {
            // The rest of the body must not be taken for the next request.
            response.force_close();
            signals.into_iter().for_each(BodySignals::close_after_reply);
        }
        let replies = replies.keep_open(signals.map(BodySignals::open_reply));
        let mut response = response.streaming(iter(first).chain(replies));
        response.extensions_mut().insert(counts);
        Ok(response)
    }
}

/// The reading half of a stream.
struct Reading<O> {
    lines: LineReader<Payload>,
    operation: Rc<O>,
    /// Longest wait for a line.
    limit: Duration,
    streams: Streams,
    counts: Rc<LineCounts>,
}

impl<O: Operation> Reading<O> {
    /// Reads the next line, and waits until the storage takes its request.
    async fn next(&mut self) -> Option<(u64, PendingLine<O::Answer>)> {
        let line = match self.lines.next_received() {
            Some(line) => line,
            None => self.receive().await?,
        };
        let Line { number, text } = line;
        let answer = match text {
            Ok(json) => self.operation.enqueue(json).await,
            Err(TooLong) => ready(Err(ApiError::body_too_large(MAX_BYTES))).boxed_local(),
        };
        Some((number, answer))
    }

    /// Receives the next line.
    async fn receive(&mut self) -> Option<Line> {
        let line = pin!(timeout(self.limit, self.lines.next()));
        let stopping = pin!(self.streams.stopping());
        let end = match select(line, stopping).await {
            Either::Left((Ok(Ok(Some(line))), _)) => return Some(line),
            Either::Left((Ok(Ok(None)), _)) => return None,
            Either::Left((Ok(Err(_)), _)) => End::CutShort,
            Either::Left((Err(_), _)) => End::Stalled,
            Either::Right(_) => End::Stopping,
        };
        self.counts.stop_reading(end);
        None
    }
}

fn app_data<T: 'static>(request: &HttpRequest) -> Result<&T, ApiError> {
    request.app_data().ok_or_else(|| ApiError::internal(anyhow!("a stream lacks {}", type_name::<T>())))
}
