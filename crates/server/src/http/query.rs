//! Query parameters.

use super::error::ApiError;
use gochat_domain::{
    group::{GroupId, GroupKey, GroupName},
    user::UserId,
};
use percent_encoding::percent_decode_str;
use std::str::Utf8Error;
use utoipa::IntoParams;
use uuid::fmt::Hyphenated;

/// The decoded key-value pairs of a query.
pub(super) struct Pairs(Vec<(Vec<u8>, Vec<u8>)>);

impl Pairs {
    pub(super) fn of(query: &str) -> Self {
        Self(query.split('&').filter_map(|pair| pair.split_once('=')).map(decode).collect())
    }

    /// Returns the first non-empty value of the parameter `name`.
    fn given(&self, name: &str) -> Option<Result<&str, Utf8Error>> {
        let mut values = self.0.iter().filter(|(key, _)| key == name.as_bytes()).map(|(_, value)| value);
        values.find(|value| !value.is_empty()).map(|value| str::from_utf8(value))
    }

    /// Returns true if the parameter `name` has a non-empty value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// Returns the text of a number. Text that is not UTF-8 becomes empty, which is not a number.
    pub(super) fn number(&self, name: &str) -> Option<&str> {
        self.given(name).map(Result::unwrap_or_default)
    }

    /// Returns the first of `id`, `uuid` and `name` that is given, as the key of a group.
    pub(super) fn group_key(&self) -> Result<Option<GroupKey>, ApiError> {
        if let Some(id) = self.number("id") {
            return Ok(Some(GroupKey::Id(GroupId::parse(id).map_err(|_| ApiError::invalid_id())?)));
        }
        if let Some(uuid) = self.number("uuid") {
            let uuid: Hyphenated = uuid.parse().map_err(|_| ApiError::invalid_uuid())?;
            return Ok(Some(GroupKey::Uuid(uuid.into())));
        }
        let Some(name) = self.given("name") else { return Ok(None) };
        let name = name.map_err(|_| ApiError::name_is_not_utf8())?;
        Ok(Some(GroupKey::Name(GroupName::parse_existing(name)?)))
    }

    /// Like [`Self::group_key`], but one of the parameters must be given.
    pub(super) fn required_group_key(&self) -> Result<GroupKey, ApiError> {
        self.group_key()?.ok_or_else(ApiError::lookup_without_a_key)
    }

    /// Returns the `id` of a user. A UUID or a name alone is rejected, because only the identity service knows those of
    /// users.
    pub(super) fn user_id(&self) -> Result<UserId, ApiError> {
        match self.number("id") {
            Some(id) => UserId::parse(id).map_err(|_| ApiError::invalid_id()),
            None if self.has("uuid") || self.has("name") => Err(ApiError::user_by_uuid_or_name()),
            None => Err(ApiError::user_without_id()),
        }
    }
}

/// Decodes a form-encoded pair (WHATWG URL, section 5.1) to bytes, so that invalid UTF-8 can be detected.
fn decode((key, value): (&str, &str)) -> (Vec<u8>, Vec<u8>) {
    let bytes = |text: &str| percent_decode_str(&text.replace('+', " ")).collect();
    (bytes(key), bytes(value))
}

/// OpenAPI description of the parameters of [`Pairs::required_group_key`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the parameters")]
pub(super) struct GroupKeyParams {
    /// The id of the group
    #[param(value_type = i64, required = false, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    id: (),
    /// The UUID of the group
    #[param(value_type = Uuid, required = false)]
    uuid: (),
    /// The name of the group, in any normalisation form
    #[param(value_type = String, required = false, min_length = 1, example = "group_1")]
    name: (),
}

/// OpenAPI description of the parameter of [`Pairs::user_id`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only describes the parameter")]
pub(super) struct UserIdParam {
    /// The id of the user in the identity service
    #[param(value_type = i64, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, example = 1)]
    id: (),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_needs_an_id_a_uuid_or_a_name() {
        let id = |id| GroupKey::Id(GroupId::new(id).unwrap());
        assert_eq!(Pairs::of("limit=7&name=g&id=5").required_group_key().unwrap(), id(5));
        for query in ["", "limit=7", "id=&uuid=&name=", "id"] {
            let error = Pairs::of(query).required_group_key().unwrap_err();
            assert_eq!(error.to_string(), "one of id, uuid and name must be given");
        }
    }

    #[test]
    fn a_user_is_found_by_the_id_alone() {
        let user = |query| Pairs::of(query).user_id().map_err(|error| error.to_string());
        for query in ["id=7", "uuid=x&name=y&id=7", "id=&id=007"] {
            assert_eq!(user(query), Ok(UserId::new(7).unwrap()), "{query}");
        }
        let elsewhere = "id must be given; only the identity service finds users by uuid or name";
        let out_of_range = "id must be an integer from 1 to 9223372036854775807";
        for (query, error) in [
            ("", "id must be given"),
            ("id=&uuid=&name=", "id must be given"),
            ("uuid=0199aaaa-0000-7000-8000-000000000001", elsewhere),
            ("id=&name=%ff", elsewhere),
            ("id=0&name=g", out_of_range),
            ("id=%ff", out_of_range),
        ] {
            assert_eq!(user(query), Err(error.to_owned()), "{query}");
        }
    }
}
