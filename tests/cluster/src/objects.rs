//! Objects of Gatekeeper's, and when they are in force.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{kubectl::Kubectl, waiting::until};

/// An object of the whole cluster that is there for one test; the next should not meet it.
#[derive(Debug)]
pub struct Placed {
    kubectl: Kubectl,
    object: String,
}

/// A text as objects hold certificates.
pub fn encoded(text: &str) -> String {
    STANDARD.encode(text)
}

impl Placed {
    /// Makes the object, and waits until this Gatekeeper acts on it: that it exists says nothing.
    pub(crate) fn new(kubectl: &Kubectl, gatekeeper: &str, object: &Value) -> Self {
        kubectl.create(object);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let api = text(&object["apiVersion"]);
        let group = api.split('/').next().expect("a group");
        let name = format!("{}.{group}/{}", text(&object["kind"]).to_lowercase(), text(&object["metadata"]["name"]));
        let placed = Self { kubectl: kubectl.clone(), object: name };
        placed.wait(gatekeeper);
        placed
    }

    /// Waits until this Gatekeeper acts on the object as it is now.
    pub fn wait(&self, gatekeeper: &str) {
        in_force(&self.kubectl, gatekeeper, &self.object);
    }

    /// The object as the cluster has it.
    pub fn read(&self) -> Value {
        self.kubectl.find(&[&self.object]).expect("the object is there")
    }

    /// Changes it as `kubectl patch --type merge` does, and waits until this Gatekeeper acts on that.
    pub fn change(&self, gatekeeper: &str, patch: &Value) {
        let ended = self.kubectl.patch(&[&self.object], patch);
        assert_eq!(ended.code, 0, "{ended:?}");
        self.wait(gatekeeper);
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // Its kind may have gone before it.
        self.kubectl.run(&["delete", "--ignore-not-found", "--wait=false", &self.object]);
    }
}

/// Gatekeeper may look for the kind of a template before it sees that it has made it, says so, and tries again.
fn is_tried_again(errors: &Value) -> bool {
    let already = |error: &Value| {
        error["code"] == "create_error"
            && error["message"].as_str().is_some_and(|text| text.ends_with("already exists"))
    };
    errors.as_array().is_some_and(|errors| !errors.is_empty() && errors.iter().all(already))
}

/// Waits until a Gatekeeper tells in the object's status that it has taken this generation of it.
pub(crate) fn in_force(kubectl: &Kubectl, gatekeeper: &str, object: &str) {
    until(&format!("{object} is in force"), || {
        let read = kubectl.find(&[object])?;
        let status = read["status"]["byPod"].as_array()?.iter().find(|status| status["id"] == gatekeeper)?;
        let taken = status["observedGeneration"] == read["metadata"]["generation"];
        if is_tried_again(&status["errors"]) {
            return None;
        }
        assert!(!taken || status["errors"].is_null(), "{object}: {}", status["errors"]);
        let api = read["apiVersion"].as_str()?;
        let acts = match api.split('/').next()? {
            "externaldata.gatekeeper.sh" => status["active"] == true,
            "constraints.gatekeeper.sh" => status["enforced"] == true,
            _ => true,
        };
        (taken && acts).then_some(())
    });
}
