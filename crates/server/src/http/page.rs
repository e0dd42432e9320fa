//! Replies with a page of a list.

use super::{
    error::ApiError,
    query::Pairs,
    replies::{reference, success, text},
};
use crate::settings::BasePath;
use actix_web::{
    HttpResponse,
    error::JsonPayloadError,
    http::header::{ContentType, LINK},
};
use gochat_domain::page::PageSize;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{ArrayBuilder, ResponseBuilder},
};

/// The page that a query selects.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageQuery<K> {
    /// The key after which the page begins; `None` for the first page.
    pub(super) after: Option<K>,
    pub(super) size: PageSize,
}

impl<K> PageQuery<K> {
    /// Parses `limit`, and `after` as a key of the list.
    pub(super) fn parse<E>(query: &Pairs, parse_key: fn(&str) -> Result<K, E>) -> Result<Self, ApiError> {
        let size = query.number("limit").map_or_else(|| Ok(PageSize::default()), PageSize::parse);
        let after = query.number("after").map(parse_key).transpose();
        Ok(Self { size: size?, after: after.map_err(|_| ApiError::invalid_after())? })
    }
}

/// OpenAPI description of the parameters of [`PageQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the parameters")]
pub(super) struct PageParams {
    /// Maximum number of items on a page; 100 by default
    #[param(value_type = u16, required = false, minimum = 1, maximum = 1000)]
    limit: (),
    /// Return only items with a greater id
    #[param(value_type = i64, required = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    after: (),
}

/// Replies with `items`, and with a link to the page after `next_after`, if there is one.
///
/// `target` is the path of the list with the query parameters that all pages share.
pub(super) fn reply<T: Serialize>(
    base_path: &BasePath,
    target: &str,
    size: PageSize,
    next_after: Option<i64>,
    items: impl ExactSizeIterator<Item = T>,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(next) = next_after {
        let separator = if target.contains('?') { '&' } else { '?' };
        let target = base_path.prefixed(format_args!("{target}{separator}limit={}&after={next}", size.get()));
        // RFC 8288.
        response.insert_header((LINK, format!("<{target}>; rel=\"next\"")));
    }
    // Room for groups with short texts. If items are longer, the buffer grows.
    let mut json = Vec::with_capacity(items.len() * 192);
    match serde_json::Serializer::new(&mut json).collect_seq(items) {
        Ok(()) => response.content_type(ContentType::json()).body(json),
        Err(error) => HttpResponse::from_error(JsonPayloadError::Serialize(error)),
    }
}

/// Describes the successful reply, with an example of an item and of a link.
pub(super) fn description<T: ToSchema>(description: &str, item: &Value, link: &str) -> ResponseBuilder {
    let page = ArrayBuilder::new().items(reference::<T>()).max_items(Some(PageSize::MAX.get().into()));
    let link = text(Some("The next page, where there is one (RFC 8288)"), link);
    success(description, page, [("page", json!([item]))]).header(LINK.as_str(), link)
}
