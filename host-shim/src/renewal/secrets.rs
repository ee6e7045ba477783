//! The two secrets, as they are read and as one of them is replaced.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use rustls_pki_types::UnixTime;
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::json;

use super::{authority::Issued, error::RenewalError};
use crate::{
    config::SecretName,
    kubernetes::{ApiServer, ObjectPath},
};

/// The keys in which certificates are found (Kubernetes, "TLS Secrets"), and that of their CA.
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const CA: &str = "ca.crt";
/// When the certificate was made, in Unix seconds; the chart reads and writes it, too.
const MADE: &str = "image-integrity/made";

/// The API server, as far as it is asked for certificates.
pub(super) struct Secrets {
    server: ApiServer,
}

/// What is in a secret, unread. What is missing is empty.
#[derive(Debug)]
pub(super) struct TlsSecret {
    pub(super) name: SecretName,
    /// PEM.
    pub(super) certificate: Vec<u8>,
    /// PEM.
    pub(super) key: SecretSlice<u8>,
    /// PEM.
    pub(super) ca: Vec<u8>,
    pub(super) made: Option<UnixTime>,
    version: Option<String>,
}

impl Secrets {
    pub(super) fn new(client: Client) -> Self {
        Self { server: ApiServer::new(client) }
    }

    pub(super) async fn read(&self, name: &SecretName) -> Result<TlsSecret, RenewalError> {
        let Secret { metadata, data, .. } =
            self.server.get(path(name)).await.map_err(|fault| RenewalError::unread(name, fault))?;
        let mut data = data.unwrap_or_default();
        let mut take = |key: &str| data.remove(key).map(|bytes| bytes.0).unwrap_or_default();
        let made = metadata.annotations.and_then(|annotations| annotations.get(MADE)?.parse().ok());
        Ok(TlsSecret {
            name: name.clone(),
            certificate: take(CERTIFICATE),
            key: take(KEY).into(),
            ca: take(CA),
            made: made.map(|seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))),
            version: metadata.resource_version,
        })
    }

    /// Puts a new certificate in place of the one that was read; everything else in the secret stays.
    pub(super) async fn replace(
        &self,
        current: &TlsSecret,
        issued: &Issued,
        now: UnixTime,
    ) -> Result<(), RenewalError> {
        let patch = json!({
            "metadata": {
                // Of two who renew at the same time only one does.
                "resourceVersion": current.version,
                "annotations": { MADE: now.as_secs().to_string() },
            },
            "data": {
                CA: STANDARD.encode(&issued.ca),
                CERTIFICATE: STANDARD.encode(&issued.certificate),
                KEY: STANDARD.encode(issued.key.expose_secret()),
            },
        });
        let patched = self.server.merge(path(&current.name), patch.to_string()).await;
        patched.map_err(|fault| RenewalError::unwritten(&current.name, fault))
    }
}

fn path(SecretName { namespace, name }: &SecretName) -> ObjectPath<'_> {
    ObjectPath { namespace, resource: "secrets", name }
}
