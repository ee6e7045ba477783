//! Ports for programs that cannot be asked to take any that is free and tell which.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the ports that systems give to outgoing connections, so that none of those takes one between this and its program's start.
const FIRST: u16 = 18_000;
const COUNT: u16 = 14_000;

/// A port of 127.0.0.1 on which nothing listens, and which this process has not given out before.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Another run beside this one starts elsewhere.
    let start = u16::try_from(process::id() % u32::from(COUNT / 100)).unwrap() * 100;
    loop {
        let port = FIRST + (start + GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
