//! A namespace of a test's own.

use std::sync::atomic::{AtomicU32, Ordering};

use image_integrity_e2e::Ended;
use serde_json::{Value, json};

use crate::{gatekeeper::Setup, kubectl::Kubectl};

/// The labels by which a namespace chooses who admits to it, and what happens where that one does not answer.
pub(crate) const GATEKEEPER: &str = "image-integrity.test/gatekeeper";
pub(crate) const ON_FAILURE: &str = "image-integrity.test/on-failure";

/// What the API server does where a webhook does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Refuses.
    Fail,
    /// Admits: the default of Gatekeeper's manifest.
    Ignore,
}

/// A namespace. It is not deleted, which would take seconds; the next test has another.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: String,
    kubectl: Kubectl,
}

impl OnFailure {
    pub(crate) fn policy(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Ignore => "Ignore",
        }
    }
}

impl Namespace {
    /// A new one, with these as who admits and what happens otherwise.
    pub(crate) fn new(kubectl: &Kubectl, gatekeeper: Setup, on_failure: OnFailure) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("test-{}", MADE.fetch_add(1, Ordering::Relaxed));
        kubectl.create(&json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": name, "labels": { GATEKEEPER: gatekeeper.name, ON_FAILURE: on_failure.policy() } },
        }));
        let namespace = Self { name, kubectl: kubectl.clone() };
        crate::until("the namespace has its service account", || namespace.find(&["serviceaccount", "default"]));
        namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `kubectl` in this namespace.
    pub fn kubectl(&self, arguments: &[&str]) -> Ended {
        self.kubectl.run(&[&["--namespace", &self.name], arguments].concat())
    }

    /// `kubectl create` in this namespace.
    pub fn create(&self, object: &Value) -> Ended {
        self.kubectl.with(&["--namespace", &self.name, "create"], &object.to_string())
    }

    /// `kubectl run`: a Pod of one container.
    pub fn run(&self, pod: &str, image: &str) -> Ended {
        self.kubectl(&["run", pod, "--image", image])
    }

    /// An object here, if it is there.
    pub fn find(&self, arguments: &[&str]) -> Option<Value> {
        self.kubectl.find(&[&["--namespace", &self.name], arguments].concat())
    }
}
