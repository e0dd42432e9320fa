//! A server like `actix_web::HttpServer`, but with a [`Connection`] between each socket and the web server.

use super::{
    connection::{Connection, ConnectionLimit, Slots, Timeouts},
    metrics::HttpMetrics,
};
use crate::{listener::Listener, settings::SPARE_CONNECTIONS, tls::TlsStream};
use actix_http::{HttpService, KeepAlive, Request, Response};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service, map_config,
};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{AppConfig, Server},
    rt::{
        self,
        net::{TcpStream, UnixStream},
        time::interval,
    },
};
use std::{
    cell::RefCell,
    fmt, io,
    net::SocketAddr,
    rc::{Rc, Weak},
    time::{Duration, SystemTime},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

/// Limits of a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerLimits {
    /// Number of worker threads.
    pub(crate) workers: usize,
    /// Maximum number of connections of all workers together.
    pub(crate) max_connections: usize,
    /// Timeouts of each connection.
    pub(crate) timeouts: Timeouts,
    /// Longest time for requests in flight at shutdown.
    pub(crate) shutdown_timeout: Duration,
}

/// Starts a server for `application` on `listener`, which speaks HTTPS if it is TCP and there is a `tls`. It runs until
/// `stop` resolves or its handle stops it, and ignores signals.
pub(crate) fn serve<F, I, S, B>(
    listener: Listener,
    tls: Option<TlsAcceptor>,
    limits: ServerLimits,
    metrics: HttpMetrics,
    stop: impl Future<Output = ()> + Send + 'static,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error>,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let connections = ConnectionLimit::new(limits.max_connections);
    metrics.set_max_connections(limits.max_connections);
    // Each worker accepts up to its share plus a few. While there are fewer connections than the limit, at least one
    // worker has no more than its share, so some worker always accepts.
    let share = limits.max_connections / limits.workers;
    let builder = Server::build()
        .workers(limits.workers)
        .max_concurrent_connections(share + SPARE_CONNECTIONS)
        .shutdown_timeout(whole_seconds(limits.shutdown_timeout))
        .shutdown_signal(stop);
    let stopping = builder.graceful_shutdown_signal();
    let stopping = move || {
        let stopping = stopping.clone();
        async move { stopping.notified().await }
    };
    let timeouts = limits.timeouts;
    /// Builds a worker with this `prepare`. A macro, because the types of the sockets differ.
    macro_rules! worker {
        ($prepare:expr) => {
            worker(
                application.clone(),
                Slots::of_new_worker(&connections),
                timeouts,
                metrics.clone(),
                stopping.clone(),
                $prepare,
            )
        };
    }
    let server = match (listener, tls) {
        (Listener::Tcp(listener), None) => builder.listen("http", listener, move || worker!(prepare_tcp)),
        (Listener::Tcp(listener), Some(tls)) => builder.listen("https", listener, move || {
            let tls = tls.clone();
            worker!(move |stream| {
                let (stream, peer) = prepare_tcp(stream);
                (TlsStream::new(&tls, stream), peer)
            })
        }),
        (Listener::Unix(listener), _) => {
            builder.listen_uds("http", listener, move || worker!(|stream: UnixStream| (stream, None)))
        }
    };
    Ok(server?.run())
}

/// Disables Nagle's algorithm on a connection. Returns it with the address of its peer.
fn prepare_tcp(stream: TcpStream) -> (TcpStream, Option<SocketAddr>) {
    // Replies are written in one piece, so the algorithm would only delay them. Failure costs only speed.
    let _disabled = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok();
    (stream, peer)
}

/// Builds the service of one worker, which serves its connections. `prepare` turns a socket into the stream on which HTTP
/// is spoken, and the address of its peer.
fn worker<T, U, F, I, S, B, N, P>(
    application: F,
    slots: Slots,
    timeouts: Timeouts,
    metrics: HttpMetrics,
    stopping: N,
    prepare: P,
) -> impl ServiceFactory<T, Config = ()>
where
    T: 'static,
    U: AsyncRead + AsyncWrite + Unpin + 'static,
    F: Fn() -> I + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error>,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
    N: AsyncFn() + Clone + 'static,
    P: Fn(T) -> (U, Option<SocketAddr>) + Clone + 'static,
{
    let http = Rc::new(move || {
        let stopping = stopping.clone();
        HttpService::build()
            // The next two timeouts are off, because [`Connection`] implements them itself.
            .client_request_timeout(Duration::ZERO)
            .keep_alive(KeepAlive::Os)
            .client_disconnect_timeout(timeouts.lingering_close)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping().await }
            })
            .on_connect_ext(|connection: &Connection<U>, data| {
                data.insert(connection.body_signals().clone());
            })
            .h1(map_config(
                application().into_factory().map_err(|error| error.into().error_response()),
                |()| AppConfig::default(),
            ))
    });
    let slots = Rc::new(slots);
    fn_factory(move || {
        let (http, slots, metrics) = (Rc::clone(&http), Rc::clone(&slots), metrics.clone());
        let prepare = prepare.clone();
        async move {
            let current = Rc::new(RefCell::new(http().new_service(()).await?));
            rt::spawn(replace_after_clock_recovery(Rc::downgrade(&current), Rc::clone(&slots), {
                let http = Rc::clone(&http);
                move || http().new_service(())
            }));
            Ok::<_, ()>(fn_service(move |stream: T| {
                let (stream, peer) = prepare(stream);
                let ip = peer.map(|peer| peer.ip().to_canonical());
                let connection = Connection::new(stream, ip, &slots, timeouts, metrics.clone());
                current.borrow().call((connection, peer))
            }))
        }
    })
}

/// Replaces the web server of a worker after the clock was out of range.
///
/// actix-http reads the clock in a background task of the worker. The task panics if the clock is before 1970 or after
/// 9999, and the worker's cached time then stands still. Once the clock is back in range, the worker gets a new web
/// server, and its connections are closed after their current request.
async fn replace_after_clock_recovery<S, R, E>(
    current: Weak<RefCell<S>>,
    slots: Rc<Slots>,
    renew: impl Fn() -> R,
) where
    R: Future<Output = Result<S, E>>,
{
    let mut interval = interval(Duration::from_millis(100));
    let mut was_in_range = true;
    while current.strong_count() > 0 {
        interval.tick().await;
        let is_in_range = clock_is_in_range();
        if is_in_range && !was_in_range {
            let Ok(renewed) = renew().await else { continue };
            let Some(current) = current.upgrade() else { return };
            current.replace(renewed);
            slots.close_all();
            tracing::warn!("the clock was before 1970 or after 9999, and is right again");
        }
        was_in_range = is_in_range;
    }
}

/// Returns true if the clock is within the years 1970 to 9999.
pub(crate) fn clock_is_in_range() -> bool {
    const END_OF_9999: Duration = Duration::from_secs(253_402_300_800);
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since < END_OF_9999)
}

/// Returns the duration in whole seconds, rounded up so that no request is cut off early.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
