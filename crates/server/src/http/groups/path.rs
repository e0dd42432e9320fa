//! The path of one group.

use crate::http::error::ApiError;
use gochat_domain::group::GroupId;
use serde::Deserialize;
use utoipa::IntoParams;

/// The parameters of the path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(in crate::http) struct GroupPath {
    /// The id of the group
    #[param(value_type = i64, minimum = 1, maximum = 9_223_372_036_854_775_807_i64, example = 1)]
    id: String,
}

impl GroupPath {
    /// Parses the id. A path that is not an id names no group.
    pub(super) fn id(&self) -> Result<GroupId, ApiError> {
        GroupId::parse(&self.id).map_err(|_| ApiError::group_not_found())
    }
}
