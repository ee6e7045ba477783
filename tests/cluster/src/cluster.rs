//! A control plane that Gatekeeper guards.

use serde_json::{Value, json};

use crate::{
    control_plane::ControlPlane,
    gatekeeper::{Gatekeeper, Setup, Webhooks},
    kubectl::Kubectl,
    namespace::{Namespace, OnFailure},
    objects::{Placed, encoded, in_force},
    waiting::until,
};

/// A cluster as a test finds it.
pub struct Cluster {
    _webhooks: Webhooks,
    gatekeeper: Gatekeeper,
    control_plane: ControlPlane,
}

impl Cluster {
    /// Starts one; [`ControlPlane`] and [`Gatekeeper`] say what is in it.
    pub fn start() -> Self {
        let control_plane = ControlPlane::start();
        let gatekeeper = Gatekeeper::start(&control_plane, Setup::FIRST);
        Self { _webhooks: gatekeeper.guard(&control_plane), gatekeeper, control_plane }
    }

    /// What Gatekeeper is beside.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// What admits in it.
    pub fn gatekeeper(&self) -> &Gatekeeper {
        &self.gatekeeper
    }

    /// kubectl of a user who may do anything.
    pub fn admin(&self) -> &Kubectl {
        self.control_plane.admin()
    }

    /// A new namespace, in which Gatekeeper admits.
    pub fn namespace(&self, on_failure: OnFailure) -> Namespace {
        Namespace::new(self.admin(), Setup::FIRST, on_failure)
    }

    /// A new namespace, in which another Gatekeeper of this cluster admits.
    pub fn namespace_of(&self, gatekeeper: &Gatekeeper, on_failure: OnFailure) -> Namespace {
        Namespace::new(self.admin(), gatekeeper.setup(), on_failure)
    }

    /// Makes an object of Gatekeeper's, and waits until it is in force.
    pub fn place(&self, object: &Value) -> Placed {
        Placed::new(self.admin(), self.gatekeeper.name(), object)
    }

    /// A provider at this URL, with a certificate of the cluster's CA. Gatekeeper waits for it as long as its own documents advise.
    pub fn provider(&self, name: &str, url: &str) -> Placed {
        self.place(&json!({
            "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
            "kind": "Provider",
            "metadata": { "name": name },
            "spec": { "url": url, "timeout": 2, "caBundle": encoded(&self.control_plane.authority().pem()) },
        }))
    }

    /// Waits until an object of Gatekeeper's is in force: `RESOURCE.GROUP/NAME`.
    pub fn wait_for(&self, name: &str) {
        in_force(self.admin(), self.gatekeeper.name(), name);
    }

    /// Applies objects of Gatekeeper's that stay, and waits until these of them are in force: each as `RESOURCE.GROUP/NAME`.
    pub fn install(&self, objects: &str, names: &[&str]) {
        self.admin().apply(objects);
        for name in names {
            self.wait_for(name);
        }
    }

    /// Applies a ConstraintTemplate, and waits until constraints of this kind can be made.
    pub fn template(&self, template: &str, kind: &str) {
        let kind = kind.to_lowercase();
        self.install(template, &[&format!("constrainttemplate.templates.gatekeeper.sh/{kind}")]);
        let definition = format!("crd/{kind}.constraints.gatekeeper.sh");
        until(&format!("{definition} is there"), || self.admin().find(&[&definition]));
        self.admin().ok(&["wait", "--for=condition=Established", "--timeout=60s", &definition]);
    }
}
