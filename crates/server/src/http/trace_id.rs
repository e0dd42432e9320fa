//! Trace id of a request, from W3C Trace Context: <https://www.w3.org/TR/trace-context/>.

use super::headers::TRACEPARENT;
use actix_web::http::header::HeaderMap;

/// A trace id: 32 lower-case hexadecimal digits, not all zero.
#[derive(Clone, Copy)]
pub(super) struct TraceId([u8; 32]);

impl TraceId {
    /// Returns the caller's trace id, if it sent exactly one valid `traceparent`.
    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut sent = headers.get_all(&TRACEPARENT);
        match (sent.next(), sent.next()) {
            (Some(value), None) => Self::parse(value.as_bytes()),
            _ => None,
        }
    }

    /// Parses `version-trace_id-parent_id-flags`. Versions after 00 may append more, after another hyphen.
    fn parse(value: &[u8]) -> Option<Self> {
        let (known, added) = value.split_at_checked(55)?;
        let [v1, v0, b'-', rest @ ..] = known else { return None };
        let (trace_id, rest) = rest.split_first_chunk::<32>()?;
        let [b'-', parent_id @ .., b'-', f1, f0] = rest else { return None };
        let is_hex = |digits: &[u8]| digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        let is_id = |digits: &[u8]| is_hex(digits) && digits.iter().any(|digit| *digit != b'0');
        let version = [*v1, *v0];
        let is_whole = match &version {
            b"ff" => false,
            b"00" => added.is_empty(),
            _ => is_hex(&version) && (added.is_empty() || added.starts_with(b"-")),
        };
        let is_valid = is_whole && is_id(trace_id) && is_id(parent_id) && is_hex(&[*f1, *f0]);
        is_valid.then_some(Self(*trace_id))
    }

    /// Returns the text for the log.
    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn parsed(value: &str) -> Option<String> {
        TraceId::parse(value.as_bytes()).map(|id| id.as_str().to_owned())
    }

    #[test]
    fn the_id_of_a_valid_header_is_taken() {
        for value in [
            &format!("00-{ID}-00f067aa0ba902b7-01"),
            &format!("00-{ID}-00f067aa0ba902b7-00"),
            &format!("cc-{ID}-00f067aa0ba902b7-01"),
            &format!("cc-{ID}-00f067aa0ba902b7-01-what-the-future-brings"),
        ] {
            assert_eq!(parsed(value).as_deref(), Some(ID), "{value}");
        }
    }

    #[test]
    fn a_header_that_breaks_a_rule_is_ignored() {
        let upper = ID.to_uppercase();
        let zeros = "0".repeat(32);
        for value in [
            "",
            "00",
            ID,
            &format!("ff-{ID}-00f067aa0ba902b7-01"),
            &format!("0-{ID}-00f067aa0ba902b7-01"),
            &format!("0x-{ID}-00f067aa0ba902b7-01"),
            &format!("00-{zeros}-00f067aa0ba902b7-01"),
            &format!("00-{ID}-0000000000000000-01"),
            &format!("00-{upper}-00f067aa0ba902b7-01"),
            &format!("00-{ID}-00F067AA0BA902B7-01"),
            &format!("00-{ID}-00f067aa0ba902b7-1"),
            &format!("00-{ID}-00f067aa0ba902b7-0g"),
            &format!("00-{ID}-00f067aa0ba902b7-01-"),
            &format!("00-{ID}-00f067aa0ba902b7-01 "),
            &format!(" 00-{ID}-00f067aa0ba902b7-01"),
            &format!("cc-{ID}-00f067aa0ba902b7-01x"),
            &format!("00_{ID}_00f067aa0ba902b7_01"),
            &format!("00-{ID}0-00f067aa0ba902b7-01"),
            &format!("00-{}é-00f067aa0ba902b7-01", &ID[2..]),
        ] {
            assert_eq!(parsed(value), None, "{value:?}");
        }
    }

    #[test]
    fn two_headers_are_ignored() {
        let value = HeaderValue::from_str(&format!("00-{ID}-00f067aa0ba902b7-01")).unwrap();
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, value.clone());
        assert!(TraceId::from_headers(&headers).is_some());
        headers.append(TRACEPARENT, value);
        assert!(TraceId::from_headers(&headers).is_none());
    }
}
