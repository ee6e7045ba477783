//! The server around the answers: doors with and without TLS, certificates that change, health, and an end in good order.

mod client;
mod connection;
mod health;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    io,
    net::{self, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use thiserror::Error;
use tokio::{net::TcpListener, runtime::Builder, task::spawn_blocking, time::interval};
use tokio_util::sync::CancellationToken;

pub use client::{Client, Names};
pub use health::{Readiness, health};
pub use tls::{TlsFiles, TlsFilesError};

use crate::telemetry::Metrics;
use connection::{Door, MAX_CONNECTIONS};
use tls::{Certificates, Reread};

/// How often the files of certificates are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// A server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    api: Door,
    health: Door,
    certificates: Arc<Certificates>,
    metrics: Arc<Metrics>,
}

/// Where it listens.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// With TLS.
    pub api: SocketAddr,
    /// Without.
    pub health: SocketAddr,
}

/// How it ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// How long it goes on, unready, until nobody sends anything more.
    pub delay: Duration,
    /// How long what is being answered may take.
    pub drain: Duration,
}

/// Why a server cannot begin.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address that cannot be had.
    #[error("cannot listen at {address}: {reason}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        reason: io::Error,
    },
    /// Certificates that cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsFilesError),
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// Where an address is in use, or certificates are no good.
    pub async fn bind(
        addresses: Addresses,
        tls: TlsFiles,
        api: Router,
        health: Router,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let certificates = Arc::new(Certificates::read(tls)?);
        certificates.not_after().inspect(|not_after| metrics.serves_until(*not_after));
        let (at_once, api_listener) = (MAX_CONNECTIONS, listen(addresses.api).await?);
        let api = Door { listener: api_listener, certificates: Some(Arc::clone(&certificates)), router: api, at_once };
        let health = Door { listener: listen(addresses.health).await?, certificates: None, router: health, at_once };
        Ok(Self { api, health, certificates, metrics })
    }

    /// Whether it knows its clients by their certificates.
    pub fn knows_clients(&self) -> bool {
        self.certificates.knows_clients()
    }

    /// Where it listens, with the ports that were chosen.
    ///
    /// # Errors
    /// Where the system does not tell.
    pub fn addresses(&self) -> io::Result<Addresses> {
        Ok(Addresses { api: self.api.address()?, health: self.health.address()? })
    }

    /// Answers until `stopping` is over; then it is unready, and ends.
    ///
    /// Connections have a thread of their own. What is known is answered there at two thirds of what it costs where threads hand connections to each other,
    /// and whatever keeps the threads busy that fetch and judge, no deadline is missed for it.
    ///
    /// # Errors
    /// Where the system has nothing that connections could be served with.
    pub async fn run(
        self,
        readiness: Arc<Readiness>,
        ending: Ending,
        stopping: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let Self { api, health, certificates, metrics } = self;
        let (stop_api, stop_health) = (CancellationToken::new(), CancellationToken::new());
        let watching = tokio::spawn(watch(certificates, metrics, stop_api.clone()));
        let (stop, drain) = (stop_api.clone(), ending.drain);
        let doors = async move {
            let health = tokio::spawn(health.serve(stop_health.clone(), Duration::from_secs(1)));
            api.serve(stop, drain).await?;
            stop_health.cancel();
            health.await.unwrap_or_else(|broken| Err(io::Error::other(broken)))
        };
        let mut connections =
            spawn_blocking(move || Builder::new_current_thread().enable_all().build()?.block_on(doors));
        tokio::select! {
            () = stopping => {}
            ended = &mut connections => return ended.unwrap_or_else(|broken| Err(io::Error::other(broken))),
        }
        tracing::info!(delay = ?ending.delay, "stops");
        readiness.is_stopping();
        tokio::time::sleep(ending.delay).await;
        stop_api.cancel();
        let (ended, _) = tokio::join!(connections, watching);
        ended.unwrap_or_else(|broken| Err(io::Error::other(broken)))
    }
}

async fn listen(address: SocketAddr) -> Result<net::TcpListener, StartError> {
    let listener = TcpListener::bind(address).await.and_then(TcpListener::into_std);
    listener.map_err(|reason| StartError::Listen { address, reason })
}

async fn watch(certificates: Arc<Certificates>, metrics: Arc<Metrics>, stop: CancellationToken) {
    let mut looks = interval(LOOK);
    let mut told = String::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
        let files = Arc::clone(&certificates);
        match spawn_blocking(move || files.read_again()).await {
            Ok(Ok(Reread::Unchanged)) => told.clear(),
            Ok(Ok(Reread::Changed)) => {
                told.clear();
                certificates.not_after().inspect(|not_after| metrics.serves_until(*not_after));
                tracing::info!("the certificates have changed and are in use");
            }
            Ok(Err(error)) => {
                // Once, and not every two seconds.
                let message = error.to_string();
                if message != told {
                    tracing::error!(%error, "the certificates cannot be used; those of before stay in use");
                    told = message;
                }
            }
            Err(error) => tracing::error!(%error, "the certificates cannot be looked at"),
        }
    }
}
