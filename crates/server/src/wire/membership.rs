//! A membership on a line of a file.

use super::{
    InvalidRequest, object,
    values::{digits, existing_name, group_id, text, user_id},
};
use gochat_domain::{group::GroupKey, user::UserId};

/// A user in a group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) group: GroupKey,
    pub(crate) user_id: UserId,
}

impl Membership {
    /// Names of the fields that are read.
    pub(crate) const FIELDS: [&str; 3] = ["group_id", "user_id", "group_name"];

    /// Parses a JSON object. The group is given by its name, or if the name is missing or `null`, by its id.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, InvalidRequest> {
        let [id, user, name] = object::parse(json, Self::FIELDS)?;
        let name = name.filter(|name| name.get() != "null");
        let group = match name {
            Some(name) => GroupKey::Name(existing_name(text(Some(name)))?),
            None => GroupKey::Id(group_id(&digits(id))?),
        };
        Ok(Self { group, user_id: user_id(&digits(user))? })
    }

    /// Parses the fields of a row. An empty field is a missing one.
    pub(crate) fn parse_row([id, user, name]: [&str; 3]) -> Result<Self, InvalidRequest> {
        let group = if name.is_empty() {
            GroupKey::Id(group_id(id.trim())?)
        } else {
            GroupKey::Name(existing_name(Some(name.into()))?)
        };
        Ok(Self { group, user_id: user_id(user.trim())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gochat_domain::group::{GroupId, GroupName};

    #[test]
    fn the_name_of_a_group_takes_precedence_over_its_id() {
        let user_id = UserId::new(10).unwrap();
        let by_id = || Membership { group: GroupKey::Id(GroupId::new(1).unwrap()), user_id };
        let by_name = || Membership { group: GroupKey::Name(GroupName::parse("g").unwrap()), user_id };
        for (json, row, expected) in [
            (r#"{"group_id":1,"user_id":"10"}"#, ["1", " 10", ""], by_id()),
            (r#"{"group_name":null,"group_id":"1","user_id":10}"#, [" 1 ", "10", ""], by_id()),
            (r#"{"group_name":"g","user_id":10}"#, ["", "10", "g"], by_name()),
            (r#"{"group_name":"g","group_id":0,"user_id":10,"role":1}"#, ["x", "010", "g"], by_name()),
        ] {
            assert_eq!(Membership::parse(json.as_bytes()).unwrap(), expected, "{json}");
            assert_eq!(Membership::parse_row(row).unwrap(), expected, "{row:?}");
        }
    }

    #[test]
    fn a_broken_rule_is_reported() {
        let group_id = "group_id must be an integer from 1 to 9223372036854775807";
        let user_id = "user_id must be an integer from 1 to 9223372036854775807";
        for (json, error) in [
            ("{}", group_id),
            (r#"{"group_id":1}"#, user_id),
            (r#"{"group_name":"","user_id":1}"#, "name must not be empty"),
            (r#"{"group_name":7,"user_id":1}"#, "name must be a string"),
        ] {
            assert_eq!(Membership::parse(json.as_bytes()).unwrap_err().to_string(), error, "{json}");
        }
        for (row, error) in [(["", "1", ""], group_id), (["1", "", ""], user_id), (["1", "x", "g"], user_id)]
        {
            assert_eq!(Membership::parse_row(row).unwrap_err().to_string(), error, "{row:?}");
        }
    }
}
