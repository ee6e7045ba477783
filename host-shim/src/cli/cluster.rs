//! The cluster that a command asks: the one whose Pod it runs in, or that of the kubeconfig.

use kube::Client;

use super::exit::Stop;

pub(super) async fn client() -> Result<Client, Stop> {
    // The client takes the process's; an error means that it has one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::try_default().await.map_err(|error| {
        Stop::usage(
            format!("there is no cluster to read from: {error}"),
            "run it in a Pod with a service account, or name a kubeconfig with KUBECONFIG",
        )
    })
}
