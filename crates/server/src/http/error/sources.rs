//! Conversions from errors of the domain, of JSON parsing and of libraries.

use super::{ApiError, Code};
use crate::{hosts::Misdirected, wire::InvalidRequest};
use actix_cors::CorsError;
use gochat_domain::{
    auth::Forbidden,
    group::{InvalidGroupName, InvalidIdempotencyKey, PreconditionFailed},
    limits::{GroupFull, TooManyGroups},
    member::{RefusedJoin, RefusedLeave},
    page::InvalidPageSize,
    ports::{
        AuthenticateError, ChangeGroupError, CreateGroupError, DeleteGroupError, JoinError, LeaveError,
        StorageError,
    },
};

impl From<Forbidden> for ApiError {
    fn from(error: Forbidden) -> Self {
        Self::new(Code::Forbidden, error.to_string())
    }
}

impl From<AuthenticateError> for ApiError {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Unauthorized => Self::unauthorized(),
            AuthenticateError::Storage(error) => error.into(),
        }
    }
}

impl From<InvalidIdempotencyKey> for ApiError {
    fn from(_: InvalidIdempotencyKey) -> Self {
        Self::new(Code::InvalidIdempotencyKey, "Idempotency-Key must have 1 to 255 visible ASCII characters")
    }
}

/// An invalid `name` in a query, or a new one in a change.
impl From<InvalidGroupName> for ApiError {
    fn from(error: InvalidGroupName) -> Self {
        Self::new(Code::InvalidName, error.to_string())
    }
}

/// An invalid `limit` in a query.
impl From<InvalidPageSize> for ApiError {
    fn from(error: InvalidPageSize) -> Self {
        Self::new(Code::InvalidLimit, error.to_string())
    }
}

impl From<InvalidRequest> for ApiError {
    fn from(error: InvalidRequest) -> Self {
        match error {
            InvalidRequest::Malformed(reason) => {
                Self::new(Code::MalformedJson, format!("the body must be one JSON object: {reason}"))
            }
            InvalidRequest::Name(reason) => Self::new(Code::InvalidName, reason),
            InvalidRequest::Token(reason) => Self::new(Code::InvalidToken, reason),
            InvalidRequest::AdminId(reason) => Self::new(Code::InvalidAdminId, reason),
            InvalidRequest::GroupId(reason) => Self::new(Code::InvalidGroupId, reason),
            InvalidRequest::UserId(reason) => Self::new(Code::InvalidUserId, reason),
            InvalidRequest::IdempotencyKey(error) => error.into(),
            InvalidRequest::NothingToChange(error) => Self::new(Code::NothingToChange, error.to_string()),
        }
    }
}

impl From<CreateGroupError> for ApiError {
    fn from(error: CreateGroupError) -> Self {
        match error {
            CreateGroupError::NameTaken => Self::group_name_taken(None),
            CreateGroupError::IdempotencyKeyReused => {
                Self::new(Code::IdempotencyKeyReused, "the Idempotency-Key was used for another request")
            }
            CreateGroupError::TooManyGroups(error) => error.into(),
            CreateGroupError::Storage(error) => error.into(),
        }
    }
}

impl From<ChangeGroupError> for ApiError {
    fn from(error: ChangeGroupError) -> Self {
        match error {
            ChangeGroupError::NotFound => Self::group_not_found(),
            ChangeGroupError::PreconditionFailed(error) => error.into(),
            ChangeGroupError::InvalidName(error) => error.into(),
            ChangeGroupError::NameTaken => Self::group_name_taken(None),
            ChangeGroupError::TooManyGroups(error) => error.into(),
            ChangeGroupError::GroupFull(error) => error.into(),
            ChangeGroupError::Storage(error) => error.into(),
        }
    }
}

impl From<DeleteGroupError> for ApiError {
    fn from(error: DeleteGroupError) -> Self {
        match error {
            DeleteGroupError::NotFound => Self::group_not_found(),
            DeleteGroupError::PreconditionFailed(error) => error.into(),
            DeleteGroupError::Storage(error) => error.into(),
        }
    }
}

impl From<JoinError> for ApiError {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::GroupNotFound => Self { field: Some("group_id"), ..Self::group_not_found() },
            JoinError::Refused(error) => error.into(),
            JoinError::Storage(error) => error.into(),
        }
    }
}

impl From<RefusedJoin> for ApiError {
    fn from(error: RefusedJoin) -> Self {
        match error {
            RefusedJoin::WrongToken => Self::new(Code::WrongGroupToken, error.to_string()),
            RefusedJoin::GroupFull(error) => error.into(),
        }
    }
}

impl From<LeaveError> for ApiError {
    fn from(error: LeaveError) -> Self {
        match error {
            LeaveError::Refused(error) => error.into(),
            LeaveError::Storage(error) => error.into(),
        }
    }
}

impl From<RefusedLeave> for ApiError {
    fn from(error: RefusedLeave) -> Self {
        match error {
            RefusedLeave::NotMember => Self::member_not_found(),
            RefusedLeave::Administrator => Self::new(Code::AdministratorCannotLeave, error.to_string()),
        }
    }
}

impl From<PreconditionFailed> for ApiError {
    fn from(error: PreconditionFailed) -> Self {
        Self::new(Code::PreconditionFailed, error.to_string())
    }
}

impl From<GroupFull> for ApiError {
    fn from(error: GroupFull) -> Self {
        Self::new(Code::GroupFull, error.to_string())
    }
}

impl From<TooManyGroups> for ApiError {
    fn from(error: TooManyGroups) -> Self {
        let api_error = Self::new(Code::TooManyGroups, error.to_string());
        match error {
            TooManyGroups::OfAdministrator => api_error,
            TooManyGroups::InTotal => Self { field: None, ..api_error },
        }
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(cause) => Self::unavailable(cause),
            StorageError::Unknown(cause) => Self::internal(cause),
        }
    }
}

impl From<Misdirected> for ApiError {
    fn from(error: Misdirected) -> Self {
        Self::new(Code::MisdirectedRequest, error.to_string())
    }
}

/// A preflight for a method or header that no page may use.
impl From<&CorsError> for ApiError {
    fn from(_: &CorsError) -> Self {
        Self::new(Code::Forbidden, "pages of other origins may not use that method or header")
    }
}
