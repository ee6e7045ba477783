//! What Gatekeeper admits with our server as its provider.
//!
//! `./build.sh cluster` runs these tests. They share a cluster; each has a namespace, a registry and a provider of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod smoke;

use std::sync::LazyLock;

use image_integrity_cluster::Cluster;

/// The cluster of this run.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
