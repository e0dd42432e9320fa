//! The error of a request for another host.

use super::{ApiError, Code};
use crate::hosts::Misdirected;

impl From<Misdirected> for ApiError {
    fn from(error: Misdirected) -> Self {
        Self::new(Code::MisdirectedRequest, error.to_string())
    }
}
