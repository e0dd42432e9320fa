//! Renewal of the certificate while the service runs.

use super::Tls;
use actix_web::rt::{task::spawn_blocking, time::sleep};
use std::time::Duration;

/// Interval between reads of the files.
const INTERVAL: Duration = Duration::from_secs(2);

/// Takes over a renewed certificate, until the future is dropped.
pub(crate) async fn renew(tls: Tls) {
    let mut problems = Problems::default();
    loop {
        sleep(INTERVAL).await;
        let reloaded = spawn_blocking({
            let tls = tls.clone();
            move || tls.reload()
        });
        let problem = match reloaded.await.map_err(anyhow::Error::from).flatten() {
            Ok(is_another) => {
                if is_another {
                    tracing::info!("the admin listener has a new certificate");
                }
                None
            }
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(cause) = problems.next(problem) {
            tracing::error!(cause, "the admin listener keeps its old certificate");
        }
    }
}

/// The problem of the last reads.
#[derive(Default)]
struct Problems {
    last: Option<String>,
    is_logged: bool,
}

impl Problems {
    /// Takes the problem of a read, and returns it if it is to be logged: once, at its second read. The first may have been
    /// between the replacement of the one file and that of the other.
    fn next(&mut self, problem: Option<String>) -> Option<&str> {
        if problem != self.last {
            *self = Self { last: problem, is_logged: false };
            return None;
        }
        let is_new = !self.is_logged;
        self.is_logged = true;
        self.last.as_deref().filter(|_| is_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_that_lasts_is_logged_once() {
        let mut problems = Problems::default();
        for (problem, logged) in [
            (None, None),
            (Some("a"), None),
            (None, None),
            (Some("a"), None),
            (Some("a"), Some("a")),
            (Some("a"), None),
            (Some("b"), None),
            (Some("b"), Some("b")),
            (None, None),
            (None, None),
        ] {
            assert_eq!(problems.next(problem.map(str::to_owned)), logged, "{problem:?}");
        }
    }
}
