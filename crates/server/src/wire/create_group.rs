//! The request to create a group: parses JSON into [`CreateGroup`].

use super::{
    InvalidRequest, object,
    values::{admin_id, digits, name, text, token},
};
use gochat_domain::group::CreateGroup;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Parses a request. The error distinguishes malformed JSON from an invalid field.
pub(crate) fn parse_create(json: &[u8]) -> Result<CreateGroup, InvalidRequest> {
    Fields::parse(json)?.try_into()
}

impl TryFrom<Fields<'_>> for CreateGroup {
    type Error = InvalidRequest;

    fn try_from(fields: Fields<'_>) -> Result<Self, InvalidRequest> {
        Ok(Self {
            name: name(text(fields.name))?,
            token: token(text(fields.token))?,
            admin_id: admin_id(&digits(fields.admin_id))?,
        })
    }
}

/// The fields of a request. Unknown fields are ignored, but no key may occur twice.
#[derive(ToSchema)]
#[schema(as = CreateGroup)]
pub(crate) struct Fields<'a> {
    /// 1 to 63 Unicode scalar values after NFC normalisation; no control characters, no white space at either end, no
    /// U+FEFF, no noncharacters, and no bidirectional embeddings, overrides or isolates; at least one visible
    /// character.
    #[schema(value_type = String, required = true, min_length = 1)]
    pub(super) name: Option<&'a RawValue>,
    /// 1 to 63 Unicode scalar values, no control characters; kept byte for byte.
    #[schema(value_type = String, required = true, min_length = 1, max_length = 63)]
    pub(super) token: Option<&'a RawValue>,
    /// The id of a user in the identity service. The service does not check that the user exists. A string of digits
    /// is accepted too, for clients that cannot represent 64-bit integers.
    #[schema(value_type = i64, required = true, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub(super) admin_id: Option<&'a RawValue>,
}

impl<'a> Fields<'a> {
    /// Parses an object with any of the fields, each exactly as it was sent.
    pub(super) fn parse(json: &'a [u8]) -> Result<Self, InvalidRequest> {
        let [name, token, admin_id] = object::parse(json, ["name", "token", "admin_id"])?;
        Ok(Self { name, token, admin_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_keys_and_values_are_decoded() {
        let request = parse_create(br#"{"n\u0061me":"\u0067","token":"\"","admin_id":"\u0031"}"#).unwrap();
        assert_eq!((request.name.as_str(), request.token.as_str(), request.admin_id.get()), ("g", "\"", 1));
    }
}
