//! The clock, and timestamps of microsecond precision.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Timelike, Utc};
use std::{fmt, time::SystemTime};
use uuid::{NoContext, Uuid};

/// Tells the time. A port, so that tests can control it.
#[cfg_attr(feature = "testing", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Unlike `Utc::now`, this does not panic if the clock is before 1970.
        Timestamp::from(DateTime::<Utc>::from(SystemTime::now()))
    }
}

/// A point in time in UTC, in whole microseconds: PostgreSQL stores no finer fraction, so none is ever shown.
///
/// Displays as RFC 3339 with six decimals: `2026-11-23T03:33:50.363813Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The time `micros` microseconds after 1970-01-01T00:00:00Z; `None` outside chrono's range.
    pub fn from_unix_micros(micros: i64) -> Option<Self> {
        DateTime::from_timestamp_micros(micros).map(Self)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn unix_micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// The time `duration` later; `None` outside chrono's range.
    pub fn checked_add(self, duration: std::time::Duration) -> Option<Self> {
        let duration = chrono::Duration::from_std(duration).ok()?;
        self.0.checked_add_signed(duration).map(Self::from)
    }

    /// The time `duration` earlier; `None` outside chrono's range.
    pub fn checked_sub(self, duration: std::time::Duration) -> Option<Self> {
        let duration = chrono::Duration::from_std(duration).ok()?;
        self.0.checked_sub_signed(duration).map(Self::from)
    }

    /// A new UUID of version 7 (RFC 9562, section 5.7) that carries this time.
    pub fn mint_uuid(self) -> Uuid {
        // A UUID cannot carry a time before 1970, so an earlier time becomes one within the first second of 1970.
        let seconds = u64::try_from(self.0.timestamp()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, self.0.timestamp_subsec_nanos()))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.trunc_subsecs(6))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each log line and each reply has a timestamp, and chrono formats it in ten times as many instructions.
        let (date, time) = (self.0.date_naive(), self.0.time());
        let year @ 0..=9999 = date.year() else {
            return f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true));
        };
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        write_digits(&mut text[0..4], year.unsigned_abs());
        write_digits(&mut text[5..7], date.month());
        write_digits(&mut text[8..10], date.day());
        write_digits(&mut text[11..13], time.hour());
        write_digits(&mut text[14..16], time.minute());
        write_digits(&mut text[17..19], time.second());
        write_digits(&mut text[20..26], self.0.timestamp_subsec_micros());
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Fills `text` with the last digits of `number`.
fn write_digits(text: &mut [u8], mut number: u32) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;
    use proptest::prelude::*;

    #[test]
    fn a_timestamp_is_shown_with_six_decimals_even_if_they_are_zero() {
        let whole_second = Timestamp::from_unix_micros(1_763_868_830_000_000).unwrap();
        assert_eq!(whole_second.to_string(), "2025-11-23T03:33:50.000000Z");
    }

    #[test]
    fn years_of_more_or_less_than_four_digits_are_shown_as_chrono_shows_them() {
        for year in [-1, 0, 1, 9999, 10_000] {
            let moment = Utc.with_ymd_and_hms(year, 12, 31, 23, 59, 59).unwrap();
            let shown = moment.to_rfc3339_opts(SecondsFormat::Micros, true);
            assert_eq!(Timestamp::from(moment).to_string(), shown);
        }
    }

    #[test]
    fn nanoseconds_are_truncated() {
        let precise = DateTime::from_timestamp(1, 123_456_789).unwrap();
        assert_eq!(Timestamp::from(precise).to_string(), "1970-01-01T00:00:01.123456Z");
    }

    #[test]
    fn a_minted_uuid_has_version_7_and_carries_the_timestamp() {
        let moment = Timestamp::from_unix_micros(1_763_868_830_363_813).unwrap();
        let uuid = moment.mint_uuid();
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_timestamp().unwrap().to_unix(), (1_763_868_830, 363_000_000));
        assert_ne!(uuid, moment.mint_uuid());
    }

    proptest! {
        #[test]
        fn a_timestamp_is_shown_as_rfc_3339(micros in -4_000_000_000_000_000_i64..=250_000_000_000_000_000) {
            let timestamp = Timestamp::from_unix_micros(micros).unwrap();
            prop_assert_eq!(timestamp.to_string(), timestamp.0.to_rfc3339_opts(SecondsFormat::Micros, true));
        }

        #[test]
        fn microseconds_round_trip(micros in -4_000_000_000_000_000_i64..=250_000_000_000_000_000) {
            prop_assert_eq!(Timestamp::from_unix_micros(micros).unwrap().unix_micros(), micros);
        }
    }
}
