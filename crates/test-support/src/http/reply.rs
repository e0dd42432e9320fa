//! Replies, and assertions on them.

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// Parses a chunk (RFC 9112, section 7.1) without extensions. Returns its data and its length with the framing.
pub(super) fn parse_chunk(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let size_end = bytes.windows(2).position(|end| end == b"\r\n")?;
    let size = usize::from_str_radix(str::from_utf8(&bytes[..size_end]).unwrap(), 16).unwrap();
    let (start, end) = (size_end + 2, size_end + 2 + size);
    let after = bytes.get(end..end + 2)?;
    assert_eq!(after, b"\r\n");
    Some((bytes[start..end].to_vec(), end + 2))
}

impl Reply {
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (mut reply, mut start) = Self::parse_head(bytes)?;
        if reply.header("transfer-encoding") == "chunked" {
            let mut body = Vec::new();
            loop {
                let (chunk, length) = parse_chunk(bytes.get(start..)?)?;
                start += length;
                if chunk.is_empty() {
                    reply.body = String::from_utf8(body).unwrap();
                    return Some((reply, start));
                }
                body.extend(chunk);
            }
        }
        // A reply of 204 or 304 has no body, and need not have its length (RFC 9110, section 8.6).
        let length = if [204, 304].contains(&reply.status) {
            0
        } else {
            reply.header("content-length").parse().unwrap()
        };
        let end: usize = start + length;
        reply.body = String::from_utf8(bytes.get(start..end)?.to_vec()).unwrap();
        Some((reply, end))
    }

    pub(super) fn parse_head(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(start) = head.parse(bytes).unwrap() else { return None };
        let status = head.code.unwrap();
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|header| (header.name.to_lowercase(), String::from_utf8(header.value.to_vec()).unwrap()))
            .collect();
        Some((Self { status, headers, body: String::new() }, start))
    }

    /// The value of a header; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value);
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "the header {name} occurs twice");
        value
    }

    /// The names of all headers, in lower case.
    pub fn header_names(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|(name, _)| &**name)
    }

    /// The lines of the body, each as JSON.
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Asserts that this is an error reply with the given status, the common headers and the whole body.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str, field: Option<&str>, error: &str) {
        let field = field.map_or_else(String::new, |field| format!(r#""field":"{field}","#));
        self.assert_error_with(status, code, &field, error);
    }

    /// Asserts that this is the error of a service that cannot serve at present.
    #[track_caller]
    pub fn assert_unavailable(&self) {
        self.assert_error(503, "unavailable", None, "the service cannot serve this now; try again");
    }

    /// Asserts that this is the error of a malformed head.
    #[track_caller]
    pub fn assert_malformed(&self) {
        let error = "the head of the request is malformed, or its target is too long";
        self.assert_error(400, "malformed_request", None, error);
    }

    /// Asserts that this is the error of a path that does not exist.
    #[track_caller]
    pub fn assert_nothing_there(&self) {
        self.assert_error(404, "not_found", None, "there is nothing at this path");
    }

    /// Asserts that this is the error of a key without this scope.
    #[track_caller]
    pub fn assert_lacks_scope(&self, scope: &str) {
        self.assert_error(403, "forbidden", None, &format!("the API key lacks the scope {scope}"));
    }

    /// Asserts that this is the error of a taken name, with the id of the existing group if given.
    #[track_caller]
    pub fn assert_name_taken(&self, group_id: Option<i64>) {
        let group_id = group_id.map_or_else(String::new, |id| format!(r#""group_id":{id},"#));
        let extra_fields = format!(r#""field":"name",{group_id}"#);
        self.assert_error_with(
            409,
            "group_name_taken",
            &extra_fields,
            "UNIQUE constraint failed: GROUPS.NAME",
        );
    }

    #[track_caller]
    fn assert_error_with(&self, status: u16, code: &str, extra_fields: &str, error: &str) {
        let id = self.header("x-request-id");
        let error = serde_json::to_string(error).unwrap();
        let body = format!(r#"{{"error":{error},"code":"{code}",{extra_fields}"request_id":"{id}"}}"#);
        assert_eq!((self.status, &*self.body), (status, &*body));
        assert!(!id.is_empty());
        assert_eq!(self.header("content-type"), "application/json");
        self.assert_common_headers();
    }

    /// Asserts the headers that every reply has.
    #[track_caller]
    pub fn assert_common_headers(&self) {
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.header("x-request-id").is_empty());
    }
}
