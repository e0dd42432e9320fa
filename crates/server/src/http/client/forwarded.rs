//! The header `Forwarded` (RFC 7239).

use super::node;
use std::net::IpAddr;

/// Returns the addresses in a line, one for each proxy; `None` for an element that has none or is malformed.
///
/// If a client leaves a quote open, the elements that proxies append become part of the quoted text. The rest of the
/// line is then one malformed element.
pub(super) fn hops(line: &str) -> Vec<Option<IpAddr>> {
    let mut hops = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        // Empty list elements are ignored (RFC 9110, section 5.6.1.2).
        let text = text.trim_start_matches([',', ' ', '\t']);
        if text.is_empty() {
            break;
        }
        let Element { hop, next } = element(text).unwrap_or(Element { hop: None, next: None });
        hops.push(hop);
        rest = next;
    }
    hops
}

struct Malformed;

/// An element of the list.
struct Element<'a> {
    /// Its address, if it has one.
    hop: Option<IpAddr>,
    /// The text after the comma that ends the element; `None` if it is the last.
    next: Option<&'a str>,
}

/// Parses the first element.
fn element(text: &str) -> Result<Element<'_>, Malformed> {
    let mut node: Option<String> = None;
    let mut rest = text;
    loop {
        if !rest.starts_with([',', ';']) && !rest.is_empty() {
            let (name, value, behind) = pair(rest)?;
            // A parameter may occur only once in an element (section 4).
            if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
                return Err(Malformed);
            }
            rest = behind.trim_start();
        }
        let hop = || node.as_deref().and_then(node::address);
        let mut behind = rest.chars();
        rest = match behind.next() {
            None => return Ok(Element { hop: hop(), next: None }),
            Some(',') => return Ok(Element { hop: hop(), next: Some(behind.as_str()) }),
            Some(';') => behind.as_str().trim_start(),
            Some(_) => return Err(Malformed),
        };
    }
}

/// Parses the first `name=value`, and returns the rest of the text.
fn pair(text: &str) -> Result<(&str, String, &str), Malformed> {
    let (name, rest) = text.split_once('=').ok_or(Malformed)?;
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err(Malformed);
    }
    if let Some(quoted) = rest.strip_prefix('"') {
        return unquote(quoted).map(|(value, behind)| (name, value, behind));
    }
    // Some proxies omit the quotes that a colon or a bracket requires.
    let (value, behind) = rest.split_at(rest.find([',', ';', '"', ' ', '\t']).unwrap_or(rest.len()));
    if value.is_empty() { Err(Malformed) } else { Ok((name, value.to_owned(), behind)) }
}

/// Returns the text up to the closing quote, unescaped, and the rest after it.
fn unquote(text: &str) -> Result<(String, &str), Malformed> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.push(characters.next().ok_or(Malformed)?.1),
            character => value.push(character),
        }
    }
    Err(Malformed)
}

/// Returns true if a token may contain the byte (RFC 9110, section 5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_hops(line: &str, expected: &[Option<&str>]) {
        let expected: Vec<_> = expected.iter().map(|hop| hop.map(|hop| hop.parse().unwrap())).collect();
        assert_eq!(hops(line), expected, "{line}");
    }

    #[test]
    fn each_element_is_a_hop() {
        for (line, expected) in [
            ("for=192.0.2.43", &[Some("192.0.2.43")][..]),
            ("For=\"[2001:db8:cafe::17]:4711\"", &[Some("2001:db8:cafe::17")]),
            ("for=192.0.2.60;proto=http;by=203.0.113.43", &[Some("192.0.2.60")]),
            ("proto=https; FOR=192.0.2.60 ;by=\"_a,b;for=c\"", &[Some("192.0.2.60")]),
            ("for=192.0.2.43, for=198.51.100.17", &[Some("192.0.2.43"), Some("198.51.100.17")]),
            ("for=192.0.2.43,for=\"[2001:db8::1]\"", &[Some("192.0.2.43"), Some("2001:db8::1")]),
            ("for=\"192.0.2.43:47011\"", &[Some("192.0.2.43")]),
            ("for=\"\\1\\92.0.2.43\"", &[Some("192.0.2.43")]),
            // Without the quotes that the colon requires.
            ("for=192.0.2.43:80, for=[2001:db8::1]:80", &[Some("192.0.2.43"), Some("2001:db8::1")]),
            ("for=_gazonk, for=unknown, for=192.0.2.1", &[None, None, Some("192.0.2.1")]),
            ("proto=https, for=192.0.2.1", &[None, Some("192.0.2.1")]),
            ("", &[]),
            (" , ,for=192.0.2.1;,, ", &[Some("192.0.2.1")]),
        ] {
            assert_hops(line, expected);
        }
    }

    #[test]
    fn nothing_after_a_malformed_element_counts() {
        let one = Some("192.0.2.1");
        for (line, expected) in [
            ("for", &[None][..]),
            ("for=", &[None]),
            ("=192.0.2.1", &[None]),
            ("for =192.0.2.1", &[None]),
            ("192.0.2.1", &[None]),
            ("for=192.0.2.1;for=192.0.2.2", &[None]),
            ("for=192.0.2.1 for=192.0.2.2", &[None]),
            ("for=192.0.2.1, x=\", for=192.0.2.2", &[one, None]),
            ("for=192.0.2.1, x=\", for=\"[2001:db8::1]\"", &[one, None]),
            ("for=192.0.2.1, x=\", for=\"[2001:db8::1]\";by=\"_y\"", &[one, None]),
            ("for=\"192.0.2.1\\", &[None]),
            ("for=\"192.0.2.1\"x", &[None]),
            ("for=192.0.2.1\u{e9}", &[None]),
            ("\u{e9}", &[None]),
            ("for=192.0.2.1 \u{e9}", &[None]),
        ] {
            assert_hops(line, expected);
        }
    }
}
