//! OpenAPI descriptions of replies: headers, schema, and an example of each body.

pub(super) mod examples;

use super::{
    body::{JSON, JSON_OR_LINES},
    error::{Code, ErrorBody, PROBLEM_JSON, Problem},
    headers::X_REQUEST_ID,
    lines::NDJSON,
};
use actix_web::http::header::{CACHE_CONTROL, HeaderName, X_CONTENT_TYPE_OPTIONS};
use gochat_domain::auth::Scope;
use serde_json::{Value, json};
use std::{collections::BTreeMap, iter};
use utoipa::{
    ToSchema,
    openapi::{
        Content, ContentBuilder, Header, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
        example::ExampleBuilder,
    },
};

/// Replies by their status.
pub(super) type RepliesByStatus = BTreeMap<String, RefOr<Response>>;

/// Errors that every operation may return.
const ALWAYS: [Code; 8] = [
    Code::MalformedRequest,
    Code::Unauthorized,
    Code::Forbidden,
    Code::RequestTimeout,
    Code::MisdirectedRequest,
    Code::HeaderTooLarge,
    Code::Internal,
    Code::Unavailable,
];

/// Describes the successes, and an error for each status of `codes` and [`ALWAYS`]. The operation needs one of
/// `scopes`.
pub(super) fn replies<const N: usize>(
    successes: [(&str, ResponseBuilder); N],
    scopes: &'static [Scope],
    codes: &[Code],
) -> RepliesByStatus {
    let successes = successes.map(|(status, success)| (status.to_owned(), success.build()));
    let takes_lines = successes.iter().any(|(_, reply)| reply.content.contains_key(NDJSON));
    let operation = Operation {
        scopes,
        reads_body: codes.contains(&Code::BodyTooLarge),
        media_types: if takes_lines { JSON_OR_LINES } else { JSON },
    };
    let mut by_status = BTreeMap::<u16, Vec<Code>>::new();
    for &code in codes.iter().chain(&ALWAYS) {
        by_status.entry(code.row().status.as_u16()).or_default().push(code);
    }
    let errors =
        by_status.into_iter().map(|(status, codes)| (status.to_string(), error(&codes, operation).into()));
    errors.chain(successes.map(|(status, success)| (status, success.into()))).collect()
}

/// The properties of an operation that decide its errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// The scopes of which the caller needs one.
    scopes: &'static [Scope],
    reads_body: bool,
    /// The media types of its body.
    media_types: &'static str,
}

/// Describes a successful reply.
pub(super) fn success<const N: usize>(
    description: &str,
    schema: impl Into<RefOr<Schema>>,
    examples: [(&str, Value); N],
) -> ResponseBuilder {
    empty(description).content("application/json", content(schema, examples))
}

/// Adds a reply of lines to a description, with the schema and examples of a line.
pub(super) fn with_lines<const N: usize>(
    reply: ResponseBuilder,
    schema: impl Into<RefOr<Schema>>,
    examples: [(&str, Value); N],
) -> ResponseBuilder {
    reply.content(NDJSON, content(schema, examples))
}

/// Describes an error reply for `codes`, which share one status.
fn error(codes: &[Code], operation: Operation) -> Response {
    let example = |code: &Code| examples::error(*code, operation);
    let named = |body: Value| (body["code"].as_str().unwrap_or_default().to_owned(), body);
    let bodies: Vec<_> = codes
        .iter()
        .filter_map(example)
        .map(|error| named(json!(error.as_body(examples::REQUEST_ID))))
        .collect();
    let problems: Vec<_> = codes
        .iter()
        .filter(|code| may_be_problem(**code, operation.reads_body))
        .filter_map(example)
        .map(|error| named(json!(error.as_problem(examples::REQUEST_ID))))
        .collect();
    let lines = iter::zip(codes, &bodies).map(|(code, (name, _))| format!("`{name}`: {}", code.row().when));
    let mut response = empty(&lines.collect::<Vec<_>>().join("\n\n"));
    for (name, value) in codes.iter().filter_map(example).filter_map(|error| error.header) {
        response = response.header(name.as_str(), text(None, value));
    }
    response = response.content("application/json", content(reference::<ErrorBody>(), bodies));
    if !problems.is_empty() {
        response = response.content(PROBLEM_JSON, content(reference::<Problem>(), problems));
    }
    response.build()
}

/// Returns true if the error can be sent as a problem. An error that occurs before `Accept` is read cannot be sent as a
/// problem. An operation without a body can time out only while its head is being sent, which is before `Accept` is
/// read.
fn may_be_problem(code: Code, reads_body: bool) -> bool {
    match code {
        Code::MalformedRequest | Code::HeaderTooLarge => false,
        Code::RequestTimeout => reads_body,
        _ => true,
    }
}

/// Describes a reply without a body, with the headers that all replies have.
pub(super) fn empty(description: &str) -> ResponseBuilder {
    SHARED_HEADERS.into_iter().fold(
        ResponseBuilder::new().description(description),
        |response, (name, ..)| {
            response.header_ref(name.as_str(), Ref::new(format!("#/components/headers/{name}")))
        },
    )
}

/// Headers of every reply: name, description and example.
const SHARED_HEADERS: [(HeaderName, &str, &str); 3] = [
    (
        X_REQUEST_ID,
        "The id that the request had in this header, if that has 1 to 64 characters of `A-Z a-z 0-9 . _ -` and contains \
         no part of an API key; otherwise a new one. The log has it too",
        examples::REQUEST_ID,
    ),
    (X_CONTENT_TYPE_OPTIONS, "Browsers must not guess another content type", "nosniff"),
    (CACHE_CONTROL, "Replies must not be cached", "no-store"),
];

/// Returns the headers as shared components.
pub(super) fn shared_headers() -> impl Iterator<Item = (String, RefOr<Header>)> {
    SHARED_HEADERS
        .into_iter()
        .map(|(name, description, example)| (name.to_string(), text(Some(description), example).into()))
}

/// Describes a header with a text value.
pub(super) fn text(description: Option<&str>, example: &str) -> Header {
    HeaderBuilder::from(Header::default()).description(description).example(Some(example.into())).build()
}

/// Describes a body, with named examples.
fn content(
    schema: impl Into<RefOr<Schema>>,
    examples: impl IntoIterator<Item = (impl Into<String>, Value)>,
) -> Content {
    let examples =
        examples.into_iter().map(|(name, value)| (name, ExampleBuilder::new().value(Some(value)).build()));
    ContentBuilder::new().schema(Some(schema)).examples_from_iter(examples).build()
}

/// Refers to a schema by name.
pub(super) fn reference<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}
