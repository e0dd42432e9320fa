//! Ports for servers that are stopped and started again. Each stays free while its server is down.

use anyhow::Context;
use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
};

/// The first of the ports to choose from. Linux assigns ephemeral ports from 32,768 up, so it gives none of these to
/// another socket while a server is down.
const FIRST: u16 = 20_000;
const COUNT: u64 = 12_000;

/// Returns a port with no listener on 127.0.0.1, outside Linux's range of ephemeral ports.
pub fn free() -> anyhow::Result<u16> {
    let mut candidates = (0..100).map(|_| FIRST + (RandomState::new().hash_one(()) % COUNT) as u16);
    candidates.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).context("no port is free")
}
