//! Ports for servers that are stopped and started again. Each stays free while its server is down.

use anyhow::Context;
use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The first of the ports to choose from. Linux assigns ephemeral ports from 32,768 up, so it gives none of these to
/// another socket while a server is down.
const FIRST: u16 = 20_000;
const COUNT: u64 = 12_000;

/// Returns a port with no listener on 127.0.0.1, outside Linux's range of ephemeral ports.
///
/// Each call returns another port, because the one before may not be in use yet. Processes begin at random ports.
pub fn free() -> anyhow::Result<u16> {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| (RandomState::new().hash_one(()) % COUNT).into());
    let next = || FIRST + (NEXT.fetch_add(1, Ordering::Relaxed) % COUNT) as u16;
    let mut candidates = std::iter::repeat_with(next).take(100);
    candidates.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).context("no port is free")
}
