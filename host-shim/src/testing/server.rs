//! An HTTP/1.1 server on loopback that answers as it is told, also in ways that no server should.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A running server; it ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query; of a proxy, the whole URL.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// As long as its length says.
    pub(crate) body: String,
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    after: After,
    not_before: Option<Arc<Notify>>,
}

/// What comes after the bytes of an answer.
#[derive(Clone, Copy, Debug)]
enum After {
    Close,
    Hang,
    Endless,
}

impl Reply {
    /// A proper answer.
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len().to_string();
        let mut reply = Self::without_length(status, headers, body);
        let head = format!("HTTP/1.1 {status} -\r\n").len();
        reply.bytes.splice(head..head, format!("content-length: {length}\r\n").into_bytes());
        reply
    }

    /// An answer whose end is only that of the connection.
    pub(crate) fn without_length(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let mut bytes = format!("HTTP/1.1 {status} -\r\nconnection: close\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body.as_ref());
        Self { bytes, after: After::Close, not_before: None }
    }

    /// Bytes that need not be HTTP.
    pub(crate) fn raw(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), after: After::Close, not_before: None }
    }

    /// Not before somebody is notified.
    pub(crate) fn not_before(self, notify: &Arc<Notify>) -> Self {
        Self { not_before: Some(Arc::clone(notify)), ..self }
    }

    /// Then nothing, with the connection open.
    pub(crate) fn then_hang(self) -> Self {
        Self { after: After::Hang, ..self }
    }

    /// Then more and more bytes.
    pub(crate) fn then_endless(self) -> Self {
        Self { after: After::Endless, ..self }
    }
}

impl Server {
    /// Serves plain HTTP.
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, answer).await
    }

    /// Serves HTTP, over TLS where told how.
    pub(crate) async fn start_with(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(answer));
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer, tls) = (Arc::clone(&log), Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, &log, &*answer).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => converse(stream, &log, &*answer).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, seen, task }
    }

    /// Host and port, as in references.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The paths of the requests so far, without queries.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen().iter().map(|seen| seen.path().to_owned()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// One request and its answer; `None` where the other side went away.
async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    log: &Mutex<Vec<Seen>>,
    answer: &(impl Fn(&Seen) -> Reply + ?Sized),
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        // A handshake of TLS, which has no such end; servers answer it as any request that they cannot read.
        if head == [0x16] {
            return stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let (method, rest) = lines.next()?.split_once(' ')?;
    let (method, target) = (method.to_owned(), rest.split(' ').next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
    let mut seen = Seen { method, target, headers: headers.collect(), body: String::new() };
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    seen.body = String::from_utf8(body).ok()?;
    log.lock().unwrap().push(seen.clone());
    let reply = answer(&seen);
    if let Some(notify) = &reply.not_before {
        notify.notified().await;
    }
    stream.write_all(&reply.bytes).await.ok()?;
    stream.flush().await.ok()?;
    match reply.after {
        After::Close => stream.shutdown().await.ok(),
        After::Hang => std::future::pending().await,
        After::Endless => loop {
            stream.write_all(&[b' '; 8192]).await.ok()?;
        },
    }
}
