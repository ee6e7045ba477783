//! The status of an object: what `kubectl get` shows of it (Ratify, custom resources).
//!
//! A status follows from the objects of the cluster alone, never from what this process remembers: so several replicas write the same one, and none
//! corrects another.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::object::Kind;

/// Characters of `brieferror`.
const MAX_BRIEF: usize = 100;
const CUT: &str = "...";
/// Characters of `error`: more mistakes than anybody corrects at once.
const MAX_ERROR: usize = 4_096;

/// What matters of a status as it stands in the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    success: Option<bool>,
    /// Absent where it is empty.
    error: Option<String>,
    brief: Option<String>,
    fetched: Option<Timestamp>,
}

impl Status {
    pub(super) fn read(status: &Value) -> Self {
        let text = |name: &str| status[name].as_str().filter(|text| !text.is_empty());
        Self {
            success: status["issuccess"].as_bool(),
            error: text("error").map(str::to_owned),
            brief: text("brieferror").map(str::to_owned),
            fetched: text("lastfetchedtime").and_then(|time| time.parse().ok()),
        }
    }

    /// The status of an object about which `error` is to be said, or nothing.
    pub(super) fn of(kind: Kind, error: Option<&str>, now: Timestamp) -> Self {
        Self {
            success: Some(error.is_none()),
            error: error.map(|error| cut(error, MAX_ERROR)),
            brief: error.map(|error| cut(error, MAX_BRIEF)),
            fetched: is_anchor(kind).then_some(now),
        }
    }

    /// Whether it says already what another one would, of an object that changed last at some time.
    pub(super) fn says(&self, wanted: &Self, changed: Option<Timestamp>) -> bool {
        let Self { success, error, brief, fetched } = self;
        let in_time = match (wanted.fetched, fetched) {
            (None, _) => true,
            (Some(_), None) => false,
            // Someone changed the object while nobody watched.
            (Some(_), Some(fetched)) => changed.is_none_or(|changed| changed <= *fetched),
        };
        in_time && *success == wanted.success && *error == wanted.error && *brief == wanted.brief
    }

    /// As a merge patch (RFC 7396): what is not said any more is taken out, whoever wrote it.
    pub(super) fn patch(&self) -> Value {
        let Self { success, error, brief, fetched } = self;
        let mut status = json!({ "issuccess": success, "error": error, "brieferror": brief });
        if let Some(fetched) = fetched {
            status["lastfetchedtime"] = json!(fetched.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            // Ratify writes them for certificates from Key Vault alone.
            status["properties"] = Value::Null;
        }
        json!({ "status": status })
    }
}

/// Whether objects of the kind hold trust anchors, which can be fetched.
fn is_anchor(kind: Kind) -> bool {
    matches!(kind, Kind::CertificateStore | Kind::KeyManagementProvider | Kind::NamespacedKeyManagementProvider)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - CUT.len()).chain(CUT.chars()).collect()
}
