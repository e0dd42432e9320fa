//! The timeout of a whole case.

use anyhow::bail;
use std::{
    panic::resume_unwind,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Longest duration of a case: a last resort for waits without a timeout, such as a query.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Runs a case in a thread with this name. A case that hangs fails, and its thread is abandoned.
pub(crate) fn case<T: Send + 'static>(
    name: String,
    case: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    within(LIMIT, name, case)
}

fn within<T: Send + 'static>(
    limit: Duration,
    name: String,
    case: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (sender, receiver) = channel();
    let thread = thread::Builder::new().name(name).spawn(move || drop(sender.send(case())))?;
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => bail!("the case hangs: it has been running longer than {limit:?}"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => bail!("the case ended without a result"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn a_case_that_hangs_fails() {
        let (_never, hung) = channel::<()>();
        let hangs = within(Duration::from_millis(10), "hangs".to_owned(), move || Ok(hung.recv()?));
        assert!(hangs.unwrap_err().to_string().starts_with("the case hangs"));
    }

    #[test]
    fn a_case_ends_with_its_result_or_its_panic() {
        let ended = |number: fn() -> anyhow::Result<i32>| catch_unwind(|| case("case".to_owned(), number));
        assert_eq!(ended(|| Ok(7)).unwrap().unwrap(), 7);
        assert_eq!(ended(|| bail!("no")).unwrap().unwrap_err().to_string(), "no");
        assert_eq!(ended(|| panic!("why")).unwrap_err().downcast_ref(), Some(&"why"));
    }
}
