//! Reasons why a group was not changed.

use crate::dashboard::page::Failure;
use actix_web::http::StatusCode;
use gochat_domain::{
    auth::Forbidden,
    group::{Expected, InvalidGroupName, NothingToChange, Version},
    ports::{ChangeGroupError, DeleteGroupError, StorageError},
    user::InvalidUserId,
};

/// Outcome of a form that did not change the group.
pub(super) enum Refusal {
    /// No group has the id.
    NoSuchGroup,
    /// The page with the form is shown again, with this text and as a reply of this status.
    Because(StatusCode, String),
    /// The request failed.
    Failed(Failure),
}

impl Refusal {
    fn unprocessable(reason: &impl ToString) -> Self {
        Self::Because(StatusCode::UNPROCESSABLE_ENTITY, reason.to_string())
    }

    fn conflict(reason: &impl ToString) -> Self {
        Self::Because(StatusCode::CONFLICT, reason.to_string())
    }

    fn changed_meanwhile() -> Self {
        let reason = "the group has changed since this page was loaded. It is shown as it is now; check it, then repeat";
        Self::Because(StatusCode::PRECONDITION_FAILED, reason.to_owned())
    }

    /// The name that was typed is not that of the group.
    pub(super) fn wrong_name() -> Self {
        Self::unprocessable(&"the typed name is not the name of the group")
    }
}

/// Parses the version that the page of a form showed: the form applies only to that one.
pub(super) fn expected(version: &str) -> Result<Expected, Refusal> {
    let number = version.parse().map_err(|_| Refusal::changed_meanwhile())?;
    let version = Version::new(number).map_err(|_| Refusal::changed_meanwhile())?;
    Ok(Expected::OneOf(vec![version]))
}

impl From<InvalidGroupName> for Refusal {
    fn from(error: InvalidGroupName) -> Self {
        Self::unprocessable(&error)
    }
}

impl From<InvalidUserId> for Refusal {
    fn from(error: InvalidUserId) -> Self {
        Self::unprocessable(&error)
    }
}

impl From<NothingToChange> for Refusal {
    fn from(error: NothingToChange) -> Self {
        Self::unprocessable(&error)
    }
}

impl From<ChangeGroupError> for Refusal {
    fn from(error: ChangeGroupError) -> Self {
        match error {
            ChangeGroupError::NotFound => Self::NoSuchGroup,
            ChangeGroupError::PreconditionFailed(_) => Self::changed_meanwhile(),
            ChangeGroupError::InvalidName(error) => error.into(),
            ChangeGroupError::NameTaken
            | ChangeGroupError::TooManyGroups(_)
            | ChangeGroupError::GroupFull(_) => Self::conflict(&error),
            ChangeGroupError::Storage(error) => Self::Failed(error.into()),
        }
    }
}

impl From<DeleteGroupError> for Refusal {
    fn from(error: DeleteGroupError) -> Self {
        match error {
            DeleteGroupError::NotFound => Self::NoSuchGroup,
            DeleteGroupError::PreconditionFailed(_) => Self::changed_meanwhile(),
            DeleteGroupError::Storage(error) => Self::Failed(error.into()),
        }
    }
}

impl From<Forbidden> for Refusal {
    fn from(error: Forbidden) -> Self {
        Self::Failed(anyhow::Error::from(error).into())
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.into())
    }
}
