#![doc = include_str!("../README.md")]

pub mod auth;
pub mod clock;
pub mod group;
pub mod limits;
pub mod member;
pub mod page;
pub mod ports;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
pub mod user;
