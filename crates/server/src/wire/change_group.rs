//! The request to change a group: parses JSON into [`GroupChange`].

use super::{
    Fields, InvalidRequest,
    values::{admin_id, digits, existing_name, text, token},
};
use gochat_domain::group::GroupChange;
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

/// Parses a request. Fields that are left out do not change; `null` is invalid.
pub(crate) fn parse_change(json: &[u8]) -> Result<GroupChange, InvalidRequest> {
    let Fields { name, token: group_token, admin_id: admin } = Fields::parse(json)?;
    Ok(GroupChange::new(
        name.map(|field| existing_name(text(Some(field)))).transpose()?,
        group_token.map(|field| token(text(Some(field)))).transpose()?,
        admin.map(|field| admin_id(&digits(Some(field)))).transpose()?,
    )?)
}

/// The schema of a change: the fields of a create, none of them required.
pub(crate) enum ChangedFields {}

impl PartialSchema for ChangedFields {
    fn schema() -> RefOr<Schema> {
        let mut schema = Fields::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
            object.min_properties = Some(1);
            object.description = Some(
                "The fields to change: at least one. Unknown fields are ignored, but no key may occur twice."
                    .to_owned(),
            );
        }
        schema
    }
}

impl ToSchema for ChangedFields {
    fn name() -> Cow<'static, str> {
        "ChangeGroup".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::{group::GroupName, testing::group_change};

    #[test]
    fn only_the_fields_that_appear_are_changed() {
        for (body, change) in [
            (r#"{"name":"h"}"#, group_change(Some("h"), None, None)),
            (r#"{"token":"u","id":7,"created_at":null}"#, group_change(None, Some("u"), None)),
            (r#"{"admin_id":"2"}"#, group_change(None, None, Some(2))),
            (r#"{"admin_id":2,"name":"h","token":"u"}"#, group_change(Some("h"), Some("u"), Some(2))),
        ] {
            assert_eq!(parse_change(body.as_bytes()).unwrap(), change, "{body}");
        }
    }

    #[test]
    fn null_is_not_a_field_that_is_left_out() {
        for (body, error) in [
            (r#"{"name":null}"#, "name must be a string"),
            (r#"{"name":"h","token":null}"#, "token must be a string"),
            (r#"{"admin_id":null}"#, "admin_id must be an integer from 1 to 9223372036854775807"),
            ("{}", "at least one of name, token and admin_id must be given"),
            (r#"{"id":7}"#, "at least one of name, token and admin_id must be given"),
        ] {
            assert_eq!(parse_change(body.as_bytes()).unwrap_err().to_string(), error, "{body}");
        }
    }

    #[test]
    fn a_name_may_break_a_rule_of_new_names() {
        let change = parse_change("{\"name\":\"\u{200b}\"}".as_bytes()).unwrap();
        assert_eq!(change.name(), Some(&GroupName::parse_existing("\u{200b}").unwrap()));
    }
}
