//! The page that a request comes from, as far as the browser tells.

use actix_web::http::{
    Method,
    header::{HeaderMap, HeaderValue, ORIGIN},
};

/// The request comes from a page of another origin, or does not tell its origin though it must.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ForeignOrigin;

/// Checks the page that sent a request to `own_origin`.
///
/// Browsers set `Origin` and `Sec-Fetch-*`; no page can change them. Programs that are not browsers can send anything,
/// but have no session.
pub(super) fn check(method: &Method, headers: &HeaderMap, own_origin: &str) -> Result<(), ForeignOrigin> {
    let sent = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    if headers.get_all(ORIGIN).any(|origin| origin != own_origin) {
        return Err(ForeignOrigin);
    }
    let is_read = *method == Method::GET || *method == Method::HEAD;
    // A link on another page may open the dashboard, because that page cannot read it. A frame may not: the other page
    // could lay its own content over it (clickjacking).
    let is_opened =
        || sent("sec-fetch-mode") == Some(b"navigate") && sent("sec-fetch-dest") == Some(b"document");
    let is_served = match sent("sec-fetch-site") {
        Some(b"same-origin") => true,
        // The operator has entered the address. No form is sent like that.
        Some(b"none") => is_read,
        Some(_) => is_read && is_opened(),
        // Older browsers do not send it, but send the origin of each change.
        None => is_read || headers.contains_key(ORIGIN),
    };
    if is_served { Ok(()) } else { Err(ForeignOrigin) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const OWN: &str = "http://127.0.0.1:1214";

    fn is_served(method: &Method, headers: &[(&str, &str)]) -> bool {
        let request =
            headers.iter().fold(TestRequest::default(), |request, header| request.append_header(*header));
        check(method, request.to_http_request().headers(), OWN).is_ok()
    }

    #[test]
    fn a_page_is_read_by_the_operator_or_by_the_dashboard() {
        let document = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for (headers, served) in [
            (&[][..], true),
            (&[("origin", OWN)], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site"), document[0], document[1]], true),
            (&[("sec-fetch-site", "same-site"), document[0], document[1]], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "cross-site"), document[0], ("sec-fetch-dest", "iframe")], false),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), document[1]], false),
            (&[("origin", "http://127.0.0.1:8080")], false),
            (&[("origin", "null")], false),
            (&[("origin", OWN), ("origin", "http://evil.example")], false),
        ] {
            assert_eq!(is_served(&Method::GET, headers), served, "{headers:?}");
        }
    }

    #[test]
    fn a_change_comes_from_the_dashboard() {
        let document = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for (headers, served) in [
            (&[][..], false),
            (&[("origin", OWN)], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("origin", OWN), ("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", OWN), ("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "cross-site"), document[0], document[1]], false),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", "https://127.0.0.1:1214")], false),
            (&[("origin", "http://localhost:1214")], false),
        ] {
            assert_eq!(is_served(&Method::POST, headers), served, "{headers:?}");
        }
    }
}
