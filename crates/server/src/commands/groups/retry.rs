//! Tries again what the database cannot do now.

use std::time::Duration;

/// The pauses before each new attempt: a database that restarts is back by then, or takes a person.
pub(super) const PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3200),
];

/// Attempts something until it succeeds, fails for good, or has failed after the last pause too.
pub(super) async fn retry<T, E>(
    pauses: &[Duration],
    attempt: impl AsyncFn() -> Result<T, E>,
    may_pass: impl Fn(&E) -> bool,
) -> Result<T, E> {
    for pause in pauses {
        match attempt().await {
            Err(error) if may_pass(&error) => actix_web::rt::time::sleep(*pause).await,
            outcome => return outcome,
        }
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// What came of attempts that fail so often, and how many there were.
    async fn attempts(failures: u32, passing: bool) -> (Result<(), u32>, u32) {
        let made = Cell::new(0);
        let attempt = async || {
            made.set(made.get() + 1);
            if made.get() > failures { Ok(()) } else { Err(made.get()) }
        };
        let outcome = retry(&[Duration::ZERO; 3], attempt, |_| passing).await;
        (outcome, made.get())
    }

    #[actix_web::test]
    async fn what_may_pass_is_tried_again_but_not_for_ever() {
        assert_eq!(attempts(0, true).await, (Ok(()), 1));
        assert_eq!(attempts(3, true).await, (Ok(()), 4));
        assert_eq!(attempts(4, true).await, (Err(4), 4));
        assert_eq!(attempts(4, false).await, (Err(1), 1));
    }
}
