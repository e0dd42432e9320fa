//! Imports over HTTP: the lines go to a running server as one stream.
//!
//! A stream that breaks is opened again, and the lines that were not answered are sent again. That stores nothing twice:
//! a name is unique, and a user is a member once.

mod connection;
mod stream;

use super::{backoff, outcome::Outcome};
use crate::cli::ImportFile;
use actix_web::rt::time::sleep;
use anyhow::{Context, anyhow};
use backon::{BackoffBuilder, Retryable};
use connection::{Failure, MAX_SILENCE, Server};
use gochat_domain::auth::ApiKey;
use serde::Deserialize;
use serde_json::Value;
use std::{fs, path::Path};
use tokio::sync::{mpsc, oneshot};

/// Number of lines in flight: several batches of the server, so that it commits one while others travel.
pub(in crate::commands) const IN_FLIGHT: usize = 4096;

/// The answer to a line.
#[derive(Debug, Deserialize)]
pub(in crate::commands) struct Answer {
    pub(in crate::commands) status: u16,
    #[serde(default)]
    error: String,
    #[serde(default)]
    code: String,
}

impl Answer {
    /// Returns the outcome for the line. `exists` is the error code that means "already existing".
    pub(in crate::commands) fn outcome<K>(self, exists: Option<&str>) -> anyhow::Result<Outcome<K>> {
        let Self { status, error, code } = self;
        match status {
            201 => Ok(Outcome::Created),
            200 => Ok(Outcome::AlreadyExists),
            409 if exists == Some(&code) => Ok(Outcome::AlreadyExists),
            // The key was revoked meanwhile.
            401 => Err(anyhow!("the server answers 401: {error}")),
            400..500 => Ok(Outcome::Refused(error)),
            _ => Err(anyhow!("the server answers {status}: {error}")),
        }
    }
}

/// A line, and the channel for its answer.
struct Line {
    text: String,
    answer: oneshot::Sender<anyhow::Result<Answer>>,
}

/// A stream of lines to an operation of a server.
pub(in crate::commands) struct Remote {
    server: Server,
    lines: mpsc::Sender<Line>,
}

impl Remote {
    /// Starts a stream to the operation at `path`. Connects with the first line.
    pub(in crate::commands) fn open(command: &ImportFile, path: &str) -> anyhow::Result<Self> {
        let url = command.to.clone().context("--to is missing")?;
        let file = command.key_file.as_deref().context("--key-file is missing")?;
        Ok(Self::start(Server::new(url, key(file)?, MAX_SILENCE), path))
    }

    fn start(server: Server, path: &str) -> Self {
        let (lines, waiting) = mpsc::channel(IN_FLIGHT);
        actix_web::rt::spawn(stream::run(server.clone(), path.to_owned(), waiting));
        Self { server, lines }
    }

    /// Sends a line, and waits for its answer. A line that is answered 503 is sent again with backoff.
    pub(in crate::commands) async fn send(&self, value: &Value) -> anyhow::Result<Answer> {
        for delay in backoff::policy().build() {
            let answer = self.send_once(value).await?;
            if answer.status != 503 {
                return Ok(answer);
            }
            sleep(delay).await;
        }
        self.send_once(value).await
    }

    async fn send_once(&self, value: &Value) -> anyhow::Result<Answer> {
        let (answer, answered) = oneshot::channel();
        let line = Line { text: format!("{value}\n"), answer };
        self.lines.send(line).await.map_err(|_| stream_ended())?;
        answered.await.map_err(|_| stream_ended())?
    }

    /// Reads a value at a path of the server; `None` if the server answers 404. Repeats a request that fails, with
    /// backoff.
    pub(in crate::commands) async fn get(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let get = || self.server.get(path);
        let is_broken = |failure: &Failure| matches!(failure, Failure::Broken(_));
        get.retry(backoff::policy()).when(is_broken).await.map_err(Failure::into_error)
    }
}

fn stream_ended() -> anyhow::Error {
    anyhow!("the stream to the server ended")
}

fn key(file: &Path) -> anyhow::Result<ApiKey> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    ApiKey::parse(text.trim()).with_context(|| format!("{} has no API key", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::{net::TcpListener, time::Duration};

    #[test]
    fn a_key_that_was_revoked_refuses_no_line() {
        let answer = |status| Answer { status, error: "no".into(), code: String::new() };
        assert!(matches!(answer(403).outcome::<()>(None), Ok(Outcome::Refused(_))));
        let error = answer(401).outcome::<()>(None).err().unwrap();
        assert_eq!(error.to_string(), "the server answers 401: no");
    }

    #[actix_web::test]
    async fn a_server_that_accepts_connections_and_sends_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = Server::new(url, ApiKey::parse("key").unwrap(), Duration::from_millis(10));
        let remote = Remote::start(server, "/v1/group");
        let silent = "the server sends nothing for 10ms";
        assert_eq!(remote.send(&json!({})).await.unwrap_err().to_string(), silent);
        assert_eq!(remote.get("/").await.unwrap_err().to_string(), silent);
    }
}
