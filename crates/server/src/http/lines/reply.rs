//! Answers a body of lines.

use super::{
    LineCounts, NDJSON, Operation, PendingLine, Streams,
    counts::End,
    in_flight::Replies,
    reader::{Line, LineReader, TooLong},
};
use crate::{
    http::{
        auth::authenticate,
        body::{TimeLimit, check_coding, too_large},
        connection::BodySignals,
        error::{ApiError, Code},
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
    time::{Duration, Instant},
};

/// Longest time for which a stream relies on a check of its key. It adds to the age of the cached key, which is at most
/// [`CachingAuthenticator::MAX_AGE`](gochat_adapters::CachingAuthenticator::MAX_AGE); together they stay below the 5
/// seconds that the contract allows.
const KEY_CHECK_INTERVAL: Duration = Duration::from_millis(500);

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
        let ThinData(streams) = app_data::<ThinData<Streams>>(&request)?;
        let ThinData(metrics) = app_data::<ThinData<HttpMetrics>>(&request)?;
        let too_many = || ApiError::unavailable(anyhow!("too many streams are open"));
        let stream = streams.open(metrics).ok_or_else(too_many)?;
        let signals = request.conn_data::<BodySignals>().cloned();
        signals.iter().for_each(BodySignals::want);
        let open = signals.as_ref().map(BodySignals::open_reply);
        let TimeLimit(limit) = *app_data::<TimeLimit>(&request)?;
        let route = request.match_pattern().unwrap_or_else(|| UNKNOWN.to_owned());
        let counts = Rc::new(LineCounts::new(route, metrics.clone()));
        let reading = Reading {
            lines: LineReader::new(payload),
            operation: Rc::new(operation),
            request: request.clone(),
            key_checked_at: Instant::now(),
            limit,
            signals: signals.clone(),
            streams: streams.clone(),
            counts: Rc::clone(&counts),
        };
        let taken = unfold(reading, |mut reading| async move { Some((reading.next().await?, reading)) });
        let request_id = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
        let mut replies = Replies::<O>::new(taken.boxed_local(), stream, Rc::clone(&counts), request_id);
        let first = replies.next().await;
        if first.is_none() {
            match counts.end() {
                End::Stalled => return Err(ApiError::request_timeout()),
                End::TooLarge => return Err(ApiError::too_much_framing()),
                End::CutShort => return Err(ApiError::body_cut_short()),
                End::Stopping => return Err(ApiError::unavailable(anyhow!("the server stops"))),
                End::Complete | End::KeyRefused | End::Abandoned => {}
            }
        }
        let mut response = HttpResponse::Ok();
        response.content_type(NDJSON);
        if replies.is_reading() || counts.has_unread_lines() {
            // The rest of the body must not be taken for the next request.
            response.force_close();
            signals.iter().for_each(BodySignals::close_after_reply);
        }
        let mut response = response.streaming(iter(first).chain(replies.keep_open(open)));
        response.extensions_mut().insert(counts);
        Ok(response)
    }
}

/// The reading half of a stream.
struct Reading<O> {
    lines: LineReader<Payload>,
    operation: Rc<O>,
    request: HttpRequest,
    key_checked_at: Instant,
    /// Longest wait for a line.
    limit: Duration,
    signals: Option<BodySignals>,
    streams: Streams,
    counts: Rc<LineCounts>,
}

impl<O: Operation> Reading<O> {
    /// Reads the next line, and waits until the storage takes its request.
    async fn next(&mut self) -> Option<(u64, PendingLine<O::Answer>)> {
        if self.counts.has_unread_lines() {
            return None;
        }
        if self.streams.is_stopping() {
            self.counts.stop_reading(End::Stopping);
            return None;
        }
        let Line { number, text } = match self.lines.next_received() {
            Some(line) => line,
            None => self.receive().await?,
        };
        let text = text.map_err(|TooLong| ApiError::body_too_large(MAX_BYTES));
        let answer = match self.check_key().await.and(text) {
            Ok(json) => self.operation.enqueue(json).await,
            Err(error) => ready(Err(error)).boxed_local(),
        };
        Some((number, answer))
    }

    /// Checks the key again if the last check is too old. A line that finds the key revoked or expired is the last one.
    async fn check_key(&mut self) -> Result<(), ApiError> {
        if self.key_checked_at.elapsed() < KEY_CHECK_INTERVAL {
            return Ok(());
        }
        match authenticate(&self.request).await {
            Ok(_) => {
                self.key_checked_at = Instant::now();
                Ok(())
            }
            Err(error) => {
                if error.code() == Code::Unauthorized {
                    self.counts.stop_reading(End::KeyRefused);
                }
                Err(error)
            }
        }
    }

    /// Receives the next line.
    async fn receive(&mut self) -> Option<Line> {
        let line = pin!(timeout(self.limit, self.lines.next()));
        let too_large = pin!(too_large(self.signals.as_ref()));
        let stopping = pin!(self.streams.stopping());
        let end = match select(line, select(too_large, stopping)).await {
            Either::Left((Ok(Ok(Some(line))), _)) => return Some(line),
            Either::Left((Ok(Ok(None)), _)) => return None,
            Either::Left((Ok(Err(_)), _)) => End::CutShort,
            Either::Left((Err(_), _)) => End::Stalled,
            Either::Right((Either::Left(_), _)) => End::TooLarge,
            Either::Right((Either::Right(_), _)) => End::Stopping,
        };
        self.counts.stop_reading(end);
        None
    }
}

fn app_data<T: 'static>(request: &HttpRequest) -> Result<&T, ApiError> {
    request.app_data().ok_or_else(|| ApiError::internal(anyhow!("a stream lacks {}", type_name::<T>())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::{app::app, testing::services},
        settings::{Profile, Settings},
    };
    use actix_web::{
        http::header::CONTENT_TYPE,
        test::{TestRequest, call_service, init_service, read_body, read_body_json},
    };
    use gochat_adapters::DEVELOPMENT_KEY;
    use serde_json::{Value, json};
    use std::iter::from_fn;

    #[actix_web::test]
    async fn a_stream_beyond_the_limit_is_unavailable() {
        let services = services();
        let streams = services.streams.clone();
        let settings = Settings::load(Profile::Development, []).unwrap();
        let app = init_service(app(services, settings.http)).await;
        let request = || {
            TestRequest::post()
                .uri("/v1/group")
                .insert_header(("GoChat-Token", DEVELOPMENT_KEY))
                .insert_header((CONTENT_TYPE, NDJSON))
                .set_payload("x\n")
                .to_request()
        };
        let metrics = HttpMetrics::new().unwrap();
        let open: Vec<_> = from_fn(|| streams.open(&metrics)).collect();
        let refused = call_service(&app, request()).await;
        let retry_after = refused.headers().get("retry-after").unwrap();
        assert_eq!((refused.status().as_u16(), retry_after.as_bytes()), (503, &b"1"[..]));
        assert_eq!(read_body_json::<Value, _>(refused).await["code"], json!("unavailable"));
        drop(open);
        let served = call_service(&app, request()).await;
        assert_eq!(served.status(), 200);
        assert!(read_body(served).await.starts_with(b"{\"line\":1,\"status\":400,"));
    }
}
