//! The stream of server-sent events.

use super::{Now, live::Reader};
use crate::{
    dashboard::{
        access::{Access, Session},
        page::{self, Reply},
    },
    http::{BodySignals, OpenReply},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER},
    },
    rt::time::{sleep, timeout},
    web::{Bytes, ThinData},
};
use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
    stream::{Stream, StreamExt, once, unfold},
};
use std::{convert::Infallible, future::ready, pin::pin, time::Duration};

/// Longest time of a stream. The browser then connects again.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Interval between checks of the session. Together with the time for which [`Access`] remembers a session, it bounds
/// the time for which a stream outlives its session.
const SESSION_CHECK: Duration = Duration::from_secs(2);

/// Answers with events: first the past, then each new sample. The stream ends with the session, with the sampler, or
/// after [`LIFETIME`].
pub(super) async fn send(
    request: HttpRequest,
    session: Session,
    ThinData(access): ThinData<Access>,
    ThinData(now): ThinData<Now>,
) -> Reply {
    let Some(reader) = now.live.read() else {
        let text = "Too many pages of the dashboard are open. Close some of them.";
        let mut refusal = page::message(StatusCode::SERVICE_UNAVAILABLE, "Error", text)?;
        refusal.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("10"));
        return Ok(refusal);
    };
    let end = async move {
        let is_valid = async || access.is_still_valid(&session).await;
        end(is_valid, SESSION_CHECK, LIFETIME).await;
    };
    let signals = request.conn_data::<BodySignals>();
    signals.into_iter().for_each(BodySignals::close_after_reply);
    let open_reply = signals.map(BodySignals::open_reply);
    let mut reply = HttpResponse::Ok();
    reply.content_type("text/event-stream").force_close();
    Ok(reply.streaming(events(reader, end.boxed_local(), open_reply)))
}

/// Resolves when a stream must end: when the session, which is checked at each `interval`, is not valid any more, and
/// at the latest after `lifetime`.
async fn end(is_valid: impl AsyncFn() -> bool, interval: Duration, lifetime: Duration) {
    let session = async {
        loop {
            sleep(interval).await;
            if !is_valid().await {
                return;
            }
        }
    };
    let _ended = timeout(lifetime, session).await;
}

/// The events of a reader, until `end`. The connection stays open for them as long as `open_reply` lives.
fn events(
    reader: Reader,
    end: LocalBoxFuture<'static, ()>,
    open_reply: Option<OpenReply>,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let past = reader.past.clone();
    let following = unfold((reader, end, open_reply), |(mut reader, mut end, open_reply)| async move {
        let event = match select(pin!(reader.events.recv()), &mut end).await {
            // An error means that the sampler has ended, or that the reader was too slow.
            Either::Left((received, _)) => received.ok()?,
            Either::Right(_) => return None,
        };
        Some((event, (reader, end, open_reply)))
    });
    once(ready(past)).chain(following).map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[actix_web::test]
    async fn a_stream_ends_when_its_session_is_not_valid_any_more() {
        let checks = Cell::new(0);
        let is_valid = async || {
            checks.set(checks.get() + 1);
            checks.get() < 3
        };
        end(is_valid, Duration::ZERO, Duration::MAX).await;
        assert_eq!(checks.get(), 3);
    }

    #[actix_web::test]
    async fn a_stream_ends_after_its_lifetime() {
        end(async || true, Duration::from_millis(1), Duration::from_millis(5)).await;
        end(async || true, Duration::MAX, Duration::ZERO).await;
    }
}
