//! The Helm chart: what it renders is installed by helm, its Pod's containers run as rendered, and nothing stays when it goes.
//!
//! `./build.sh cluster` runs these tests. A release is the whole cluster's, so they take turns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod install;
mod manifests;
mod release;
mod renewal;

use std::sync::LazyLock;

use image_integrity_cluster::Cluster;

/// The cluster of this run.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);
