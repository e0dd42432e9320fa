//! Walks from page to page.

use gochat_test_support::http::{Reply, Request};
use serde_json::Value;

/// Follows `Link` from the list at `path` to its last page, and returns the items. Calls `between` with the number of
/// each page before the next one is read.
pub fn walk(port: u16, path: &str, mut between: impl FnMut(usize)) -> Vec<Value> {
    let mut items = Vec::new();
    let mut next = Some(path.to_owned());
    for page in 1.. {
        let Some(path) = next else { break };
        let reply = Request::get(&path).send(port);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        items.extend(reply.json().as_array().unwrap().iter().cloned());
        between(page);
        next = next_page(&reply);
    }
    items
}

/// The path of the next page.
fn next_page(reply: &Reply) -> Option<String> {
    let link = reply.header("link");
    if link.is_empty() {
        return None;
    }
    let target = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    Some(target.unwrap_or_else(|| panic!("{link}")).to_owned())
}
