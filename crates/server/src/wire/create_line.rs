//! A request to create a group, on a line of a body of lines. Unlike a single request, it may have an Idempotency-Key
//! among its fields.

use super::{Fields, InvalidRequest, object, values::text};
use gochat_domain::group::{CreateGroup, IdempotencyKey};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// Parses a line.
pub(crate) fn parse_create_line(
    json: &[u8],
) -> Result<(CreateGroup, Option<IdempotencyKey>), InvalidRequest> {
    let [name, token, admin_id, key] = object::parse(json, ["name", "token", "admin_id", "idempotency_key"])?;
    let key = key.map(|key| IdempotencyKey::parse(&text(Some(key)).unwrap_or_default())).transpose()?;
    Ok((Fields { name, token, admin_id }.try_into()?, key))
}

/// The schema of a line: the fields of a create, and the key.
pub(crate) enum LineFields {}

impl PartialSchema for LineFields {
    fn schema() -> RefOr<Schema> {
        let mut schema = Fields::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let key = ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(255))
                .pattern(Some("^[!-~]+$"))
                .description(Some("As the header `Idempotency-Key` of a single request"))
                .build();
            object.properties.insert("idempotency_key".to_owned(), RefOr::T(Schema::Object(key)));
            object.description =
                Some("A group on a line. Unknown fields are ignored, but no key may occur twice.".to_owned());
        }
        schema
    }
}

impl ToSchema for LineFields {
    fn name() -> Cow<'static, str> {
        "CreateGroupLine".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_checked_before_the_other_fields() {
        let parse = |json: &str| parse_create_line(json.as_bytes());
        let (request, key) =
            parse(r#"{"idempotency_key":"\u006b","name":"g","token":"t","admin_id":1}"#).unwrap();
        assert_eq!((request.name.as_str(), key.unwrap().as_str()), ("g", "k"));
        assert_eq!(parse(r#"{"name":"g","token":"t","admin_id":1}"#).unwrap().1, None);
        for json in
            [r#"{"idempotency_key":""}"#, r#"{"idempotency_key":null}"#, r#"{"idempotency_key":1,"name":""}"#]
        {
            assert!(matches!(parse(json), Err(InvalidRequest::IdempotencyKey(_))), "{json}");
        }
    }
}
