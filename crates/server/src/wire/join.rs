//! The request to join a group: parses JSON into [`JoinRequest`].

use super::{
    InvalidRequest, object,
    values::{digits, group_id, text, token, user_id},
};
use gochat_domain::{
    group::{GroupId, GroupToken},
    user::UserId,
};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A request to make a user a member. Every field has been validated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct JoinRequest {
    pub(crate) group_id: GroupId,
    pub(crate) user_id: UserId,
    /// The token that was sent; `None` if the field was left out.
    pub(crate) token: Option<GroupToken>,
}

/// Parses a request. The token may be left out; `null` is invalid.
pub(crate) fn parse_join(json: &[u8]) -> Result<JoinRequest, InvalidRequest> {
    let fields = JoinFields::parse(json)?;
    Ok(JoinRequest {
        group_id: group_id(&digits(fields.group_id))?,
        user_id: user_id(&digits(fields.user_id))?,
        token: fields.token.map(|field| token(text(Some(field)))).transpose()?,
    })
}

/// The fields of a request. Unknown fields are ignored, but no key may occur twice.
#[derive(ToSchema)]
#[schema(as = JoinGroup)]
pub(crate) struct JoinFields<'a> {
    /// The id of the group. A string of digits is accepted too, for clients that cannot represent 64-bit integers.
    #[schema(value_type = i64, required = true, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    group_id: Option<&'a RawValue>,
    /// The id of a user in the identity service. The service does not check that the user exists. A string of digits
    /// is accepted too.
    #[schema(value_type = i64, required = true, minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    user_id: Option<&'a RawValue>,
    /// The token of the group. With the scope `members:write`, it may be left out.
    #[schema(value_type = String, required = false, min_length = 1, max_length = 63)]
    token: Option<&'a RawValue>,
}

impl<'a> JoinFields<'a> {
    /// Parses an object with any of the fields, each exactly as it was sent.
    fn parse(json: &'a [u8]) -> Result<Self, InvalidRequest> {
        let [group_id, user_id, token] = object::parse(json, ["group_id", "user_id", "token"])?;
        Ok(Self { group_id, user_id, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(group_id: i64, user_id: i64, token: Option<&str>) -> JoinRequest {
        JoinRequest {
            group_id: GroupId::new(group_id).unwrap(),
            user_id: UserId::new(user_id).unwrap(),
            token: token.map(|token| GroupToken::parse(token).unwrap()),
        }
    }

    #[test]
    fn ids_are_integers_or_strings_of_digits_and_the_token_may_be_left_out() {
        for (body, expected) in [
            (r#"{"group_id":1,"user_id":10,"token":"t"}"#, request(1, 10, Some("t"))),
            (r#"{"group_id":"1","user_id":"010"}"#, request(1, 10, None)),
            (r#"{"user_id":10,"name":null,"group_id":1}"#, request(1, 10, None)),
        ] {
            assert_eq!(parse_join(body.as_bytes()).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn null_is_not_a_field_that_is_left_out() {
        let group_id = "group_id must be an integer from 1 to 9223372036854775807";
        let user_id = "user_id must be an integer from 1 to 9223372036854775807";
        for (body, error) in [
            ("{}", group_id),
            (r#"{"group_id":null,"user_id":1}"#, group_id),
            (r#"{"group_id":1}"#, user_id),
            (r#"{"group_id":1,"user_id":"-1"}"#, user_id),
            (r#"{"group_id":1,"user_id":1,"token":null}"#, "token must be a string"),
            (r#"{"group_id":1,"user_id":1,"token":""}"#, "token must not be empty"),
        ] {
            assert_eq!(parse_join(body.as_bytes()).unwrap_err().to_string(), error, "{body}");
        }
    }
}
