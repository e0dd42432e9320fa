//! The dashboard on the admin listener.

pub mod access;
pub mod browser;
pub mod errors;
pub mod groups;
pub mod keys;
pub mod now;
