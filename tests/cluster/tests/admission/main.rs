//! What Gatekeeper admits with our server as its provider, by the templates and constraints of `rego/gatekeeper`.
//!
//! `./build.sh cluster` runs these tests. They share a cluster; each has a namespace, a registry and a provider of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod actions;
mod engines;
mod failures;
mod guarded;
mod images;
mod mutation;
mod opa_webhook;
mod parameters;
mod ratify;
mod references;
mod tls;

use std::{fs, sync::LazyLock};

use image_integrity_cluster::{Cluster, source};

/// The cluster of this run.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let cluster = Cluster::start();
    let read = |file: &str| fs::read_to_string(source("rego/gatekeeper").join(file)).unwrap();
    cluster.template(&read("template.yaml"), "ImageIntegrity");
    let expansions = ["workloads", "cronjobs"]
        .map(|name| format!("expansiontemplate.expansion.gatekeeper.sh/image-integrity-{name}"));
    cluster.install(&read("expansion.yaml"), &expansions.each_ref().map(String::as_str));
    cluster
});
