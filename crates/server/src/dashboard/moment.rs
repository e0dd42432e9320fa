//! Times on pages.

use gochat_domain::clock::Timestamp;

/// A time on a page.
pub(super) struct Moment(pub(super) Timestamp);

impl Moment {
    /// For programs: RFC 3339.
    pub(super) fn machine(&self) -> String {
        self.0.to_string()
    }

    /// For people: to the second, in UTC.
    pub(super) fn human(&self) -> String {
        let text = self.0.to_string();
        let seconds = text.split('.').next().unwrap_or_default();
        seconds.replace('T', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_to_the_second() {
        let moment = Moment(Timestamp::from_unix_micros(1_764_153_103_772_156).unwrap());
        assert_eq!(moment.machine(), "2025-11-26T10:31:43.772156Z");
        assert_eq!(moment.human(), "2025-11-26 10:31:43");
    }
}
