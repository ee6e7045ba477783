//! Registries that are none, and servers that do not answer.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use super::{DEMO, verdict_on};

fn verdict_at(address: SocketAddr, more: &[&str]) -> (i32, String) {
    let image = format!("{address}/app:v1");
    verdict_on(DEMO, ["--plain-http", &image].into_iter().chain(more.iter().copied()))
}

/// Serves one connection at a time until the test ends.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(serve));
    address
}

#[test]
fn a_registry_that_cannot_be_reached_is_not_a_denial() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(verdict_at(closed, &[]), (2, "REGISTRY_UNAVAILABLE".to_owned()));
}

#[test]
fn a_registry_that_says_nothing_is_left_at_the_deadline() {
    let silent = server(|mut connection| {
        // Until the other side gives up.
        let _ = connection.read_to_end(&mut Vec::new());
    });
    let start = std::time::Instant::now();
    assert_eq!(verdict_at(silent, &["--timeout", "1s"]), (2, "REGISTRY_TIMEOUT".to_owned()));
    assert!(start.elapsed().as_secs() < 10, "it took {:?}", start.elapsed());
}

#[test]
fn a_web_page_is_not_a_registry() {
    let site = server(|mut connection| {
        let _ = connection.read(&mut [0; 4096]);
        let page = "<!DOCTYPE html><title>Sign in</title>";
        let _ = write!(
            connection,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len(),
        );
    });
    assert_eq!(verdict_at(site, &[]), (2, "REGISTRY_RESPONSE_INVALID".to_owned()));
}
