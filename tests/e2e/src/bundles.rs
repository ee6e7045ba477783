//! A server from which OPA's bundle plugin fetches.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

/// Serves one bundle, which can be replaced. It ends with the tests.
pub struct Bundles {
    address: SocketAddr,
    bundle: Arc<Mutex<Vec<u8>>>,
}

impl Bundles {
    /// Starts to serve a bundle.
    pub fn serve(bundle: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bundle = Arc::new(Mutex::new(bundle));
        let served = Arc::clone(&bundle);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                // OPA sends no body: the request ends with an empty line.
                let ended = BufReader::new(&stream).lines().map_while(Result::ok).any(|line| line.is_empty());
                let bundle = served.lock().unwrap().clone();
                let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", bundle.len());
                if ended {
                    // OPA may be gone.
                    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bundle));
                }
            }
        });
        Self { address, bundle }
    }

    /// Serves another from now on.
    pub fn replace(&self, bundle: Vec<u8>) {
        *self.bundle.lock().unwrap() = bundle;
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}
