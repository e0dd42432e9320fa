//! Requests to a server, each on a connection of its own.

use crate::cli::ServerUrl;
use actix_web::rt::time::timeout;
use anyhow::{Context, anyhow, bail};
use gochat_domain::auth::ApiKey;
use http_body_util::{BodyExt, Empty};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{error::Error, rc::Rc, time::Duration};
use tokio::net::TcpStream;

/// Longest wait for the head of a reply, and for each part of its body. A server answers earlier, even if its database
/// does not.
pub(super) const MAX_SILENCE: Duration = Duration::from_secs(60);

/// Maximum size of a reply to a single request, in bytes.
const MAX_REPLY_BYTES: usize = 64 * 1024;

/// The reason why a request failed.
pub(super) enum Failure {
    /// Another attempt may succeed.
    Broken(anyhow::Error),
    /// The server refuses the request.
    Final(anyhow::Error),
}

impl Failure {
    /// Returns the cause.
    pub(super) fn into_error(self) -> anyhow::Error {
        match self {
            Self::Broken(error) | Self::Final(error) => error,
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// A server, with the key for it.
#[derive(Clone)]
pub(super) struct Server {
    url: Rc<ServerUrl>,
    key: Rc<ApiKey>,
    max_silence: Duration,
}

impl Server {
    pub(super) fn new(url: ServerUrl, key: ApiKey, max_silence: Duration) -> Self {
        Self { url: Rc::new(url), key: Rc::new(key), max_silence }
    }

    /// Sends a request on a new connection, and returns the head of the reply. The body is sent meanwhile.
    pub(super) async fn send<B>(
        &self,
        method: Method,
        path: &str,
        media_type: Option<&str>,
        body: B,
    ) -> anyhow::Result<Response<Incoming>>
    where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let url = &self.url;
        let cannot = || format!("cannot reach http://{}", url.authority);
        let reply = async {
            let stream = TcpStream::connect((&*url.address.0, url.address.1)).await.with_context(cannot)?;
            stream.set_nodelay(true)?;
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.with_context(cannot)?;
            // An error of the connection is reported by the request too.
            actix_web::rt::spawn(async move { drop(connection.await) });
            let mut request = Request::builder()
                .method(method)
                .uri(format!("{}{path}", url.base_path))
                .header(header::HOST, &url.authority)
                .header("GoChat-Token", self.key.expose());
            if let Some(media_type) = media_type {
                request = request.header(header::CONTENT_TYPE, media_type);
            }
            sender.send_request(request.body(body)?).await.context("the connection to the server broke")
        };
        self.within(reply).await?
    }

    /// Reads the next part of a reply's body; `None` at its end.
    pub(super) async fn next_part(&self, body: &mut Incoming) -> anyhow::Result<Option<Bytes>> {
        let Some(frame) = self.within(body.frame()).await? else { return Ok(None) };
        let frame = frame.context("the connection to the server broke")?;
        Ok(Some(frame.into_data().unwrap_or_default()))
    }

    async fn within<T>(&self, wait: impl Future<Output = T>) -> anyhow::Result<T> {
        let silent = |_| anyhow!("the server sends nothing for {:?}", self.max_silence);
        timeout(self.max_silence, wait).await.map_err(silent)
    }

    /// Reads a value; `None` if there is none at the path.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, Failure> {
        let reply = self.send(Method::GET, path, None, Empty::<Bytes>::new()).await?;
        match reply.status() {
            StatusCode::OK => {
                let value = serde_json::from_slice(&self.collect(reply).await?);
                Ok(Some(value.map_err(|error| Failure::Final(error.into()))?))
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(self.refusal(reply).await),
        }
    }

    /// Returns the failure of a reply that is none of the expected ones.
    pub(super) async fn refusal(&self, reply: Response<Incoming>) -> Failure {
        match reply.status() {
            // The server may be about to stop, or have too many connections.
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => {
                Failure::Broken(self.reason(reply).await)
            }
            _ => Failure::Final(self.reason(reply).await),
        }
    }

    async fn reason(&self, reply: Response<Incoming>) -> anyhow::Error {
        let status = reply.status();
        let reason = self.collect(reply).await.ok().and_then(|body| {
            let body: Value = serde_json::from_slice(&body).ok()?;
            body["error"].as_str().map(ToOwned::to_owned)
        });
        match reason {
            Some(reason) => anyhow!("the server answers {status}: {reason}"),
            None => anyhow!("the server answers {status}; is the URL the one of a GoChat group service?"),
        }
    }

    async fn collect(&self, reply: Response<Incoming>) -> anyhow::Result<Vec<u8>> {
        let (mut body, mut bytes) = (reply.into_body(), Vec::new());
        while let Some(part) = self.next_part(&mut body).await? {
            bytes.extend_from_slice(&part);
            if bytes.len() > MAX_REPLY_BYTES {
                bail!("the reply of the server is too long");
            }
        }
        Ok(bytes)
    }
}
