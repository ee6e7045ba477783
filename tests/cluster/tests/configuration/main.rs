//! Configuration by objects in the cluster: what is applied counts at once, and its status says what came of it.
//!
//! `./build.sh cluster` runs these tests. The objects are the whole cluster's, so the tests take turns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod article;
mod changes;
mod credentials;
mod mistakes;
mod namespaced;
mod turn;

use std::{fs, sync::LazyLock};

use image_integrity_cluster::{Cluster, source};

/// The cluster of this run, with the kinds of the configuration and our template.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| {
    let cluster = Cluster::start();
    turn::define(&cluster);
    let template = fs::read_to_string(source("rego/gatekeeper/template.yaml")).unwrap();
    cluster.template(&template, "ImageIntegrity");
    cluster
});
