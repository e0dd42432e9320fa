//! Ports for servers that keep theirs while they are down.

use anyhow::Context;
use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
};

/// Linux gives ports from 32,768 up to whoever asks for any, so it gives none of these away while a server is down.
const FIRST: u16 = 20_000;
const COUNT: u64 = 12_000;

/// A port on which nobody listens now on 127.0.0.1, and that Linux gives to nobody else who asks for any.
pub fn free() -> anyhow::Result<u16> {
    let mut candidates = (0..100).map(|_| FIRST + (RandomState::new().hash_one(()) % COUNT) as u16);
    candidates.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).context("no port is free")
}
