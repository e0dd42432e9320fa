#![doc = include_str!("../README.md")]

mod admin;
pub mod cli;
pub mod commands;
mod dashboard;
pub mod hosts;
pub mod http;
mod key_uses;
pub mod listener;
pub mod settings;
mod signals;
pub mod startup;
mod sweeper;
pub mod telemetry;
mod tls;
mod wire;
