//! Connections: accepts them within bounds, greets them with TLS, serves them HTTP/1.1, and ends them in good order.

use std::{
    convert::Infallible,
    io,
    net::{self, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body};
use http::{HeaderValue, Response, header::CONNECTION};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::{client::Client, tls::Certificates};

/// Connections at a time; the API server, Gatekeeper and its audit keep some dozens.
pub(super) const MAX_CONNECTIONS: usize = 1_024;
/// How long a greeting may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a connection may be silent, between requests as well as within the head of one.
const SILENCE: Duration = Duration::from_mins(1);
/// Bytes of the head of a request.
const MAX_HEAD_BYTES: usize = 32 << 10;
/// How long to wait where no connection can be accepted, as without a file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// A door, and what is behind it.
#[derive(Debug)]
pub(super) struct Door {
    /// Does not block.
    pub(super) listener: net::TcpListener,
    /// Absent where the door speaks plain HTTP.
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) router: Router,
    /// Connections at a time.
    pub(super) at_once: usize,
}

impl Door {
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is told to stop; then accepts nothing more, and gives what is being answered so long to end.
    ///
    /// # Errors
    /// Where the system cannot tell of connections.
    pub(super) async fn serve(self, stop: CancellationToken, drain: Duration) -> io::Result<()> {
        let Self { listener, certificates, router, at_once } = self;
        let listener = TcpListener::from_std(listener)?;
        let (open, graceful) = (Arc::new(Semaphore::new(at_once)), GracefulShutdown::new());
        loop {
            let next = async {
                let place = Arc::clone(&open).acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>((place, listener.accept().await?.0))
            };
            let (place, stream) = tokio::select! {
                () = stop.cancelled() => break,
                next = next => match next {
                    Ok(next) => next,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            let (router, certificates, watcher) = (router.clone(), certificates.clone(), graceful.watcher());
            tokio::spawn(async move {
                let _place = place;
                // A peer that is gone, or speaks something else, is nothing that anybody could mend here.
                if let Err(error) = meet(stream, certificates, router, watcher).await {
                    tracing::debug!(%error, "a connection ended");
                }
            });
        }
        drop(listener);
        if timeout(drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("connections were still open at the end of the time to drain");
        }
        Ok(())
    }
}

async fn meet(
    stream: TcpStream,
    certificates: Option<Arc<Certificates>>,
    router: Router,
    watcher: Watcher,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let Some(certificates) = certificates else {
        return talk(stream, router, Client::Anonymous, || false, watcher).await;
    };
    let in_use = certificates.in_use();
    let stream = timeout(HANDSHAKE, TlsAcceptor::from(in_use.config).accept(stream)).await??;
    let client = match stream.get_ref().1.peer_certificates() {
        Some([leaf, ..]) => Client::of(leaf),
        _ => Client::Anonymous,
    };
    let is_outdated = move || certificates.in_use().generation != in_use.generation;
    talk(stream, router, client, is_outdated, watcher).await
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    client: Client,
    is_outdated: impl Fn() -> bool + Send + Sync + 'static,
    watcher: Watcher,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let is_outdated = Arc::new(is_outdated);
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(client.clone());
        let (router, is_outdated) = (router.clone(), Arc::clone(&is_outdated));
        async move {
            let mut response: Response<Body> = router.oneshot(request.map(Body::new)).await?;
            // Who was let in by certificates that have been replaced greets again.
            if is_outdated() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SILENCE)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    Ok(watcher.watch(connection).await?)
}
