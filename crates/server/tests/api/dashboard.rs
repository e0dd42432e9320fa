//! The dashboard on the admin listener.

pub mod access;
pub mod browser;
pub mod groups;
pub mod keys;
