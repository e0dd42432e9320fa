#![doc = include_str!("../README.md")]

mod admin;
pub mod cli;
pub mod commands;
pub mod hosts;
pub mod http;
pub mod listener;
pub mod settings;
pub mod startup;
mod sweeper;
pub mod telemetry;
mod wire;
