//! What Gatekeeper's templates read of a decision: Ratify's answer (version 0.2.0), and more that is ours.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::{
    decisions::Decision,
    presenter::{Image, Report},
    telemetry::TraceId,
};

/// The version of Ratify's answer.
const VERSION: &str = "0.2.0";

/// Bytes of the members of a value that are an answer's own.
const OWN_MEMBERS: usize = 128;

/// The value under a key.
#[derive(Debug)]
pub(super) struct Value {
    decision: Arc<Decision>,
    trace: TraceId,
    timestamp: Arc<str>,
}

/// All of a value that is the same in every answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'d> {
    version: &'static str,
    is_success: bool,
    code: &'static str,
    class: &'static str,
    message: &'d str,
    remediation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    /// 64 hex digits, as in the revision of the bundle; absent where the engine has no module.
    #[serde(skip_serializing_if = "Option::is_none")]
    module_digest: Option<&'d str>,
    verifier_reports: Vec<ReportValue<'d>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportValue<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'d str>,
    is_success: bool,
    // Both spellings are read: which one depends on the age of a template.
    name: &'d str,
    verifier_name: &'d str,
    #[serde(rename = "type")]
    kind: &'d str,
    verifier_type: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_digest: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'d str>,
    code: &'d str,
    message: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_reason: Option<&'d str>,
    remediation: &'d str,
    extensions: &'d BTreeMap<String, String>,
}

impl Value {
    pub(super) fn new(decision: Arc<Decision>, trace: TraceId, timestamp: Arc<str>) -> Self {
        Self { decision, trace, timestamp }
    }

    /// About how long it is when it is written.
    pub(super) fn bytes(&self) -> usize {
        self.written().len() + OWN_MEMBERS
    }

    /// Writes it as JSON: the members that are this answer's own, and those that were written before.
    pub(super) fn write(&self, text: &mut Vec<u8>) {
        let Self { trace, timestamp, .. } = self;
        // Both are plain ASCII.
        for part in [r#"{"traceID":""#, trace.as_str(), r#"","timestamp":""#, timestamp, r#"","#] {
            text.extend_from_slice(part.as_bytes());
        }
        // Its brace is there already.
        text.extend_from_slice(self.written().strip_prefix('{').unwrap_or_default().as_bytes());
    }

    fn written(&self) -> &str {
        self.decision.written.get_or_init(|| written(&self.decision))
    }
}

fn written(decision: &Decision) -> Box<str> {
    // It was read once, when the decision was made.
    let image = serde_json::from_str::<Image>(decision.verdict.get()).ok();
    let reports =
        image.iter().flat_map(|image| image.verifier_reports.iter().map(|report| report_value(report, image)));
    let written = Written {
        version: VERSION,
        is_success: decision.is_success,
        code: decision.code.name(),
        class: decision.class.name(),
        message: &decision.message,
        remediation: decision.code.remediation(),
        subject: decision.subject.as_deref(),
        media_type: decision.media_type.as_deref(),
        valid_until: decision.valid_until.map(|time| time.to_string()),
        module_digest: module(decision),
        verifier_reports: reports.collect(),
    };
    // Strings and maps with string keys cannot fail to be written.
    serde_json::to_string(&written).unwrap_or_else(|_| r#"{"isSuccess":false}"#.to_owned()).into()
}

/// The module's digest as bundles write it.
pub(super) fn module(decision: &Decision) -> Option<&str> {
    let digest = decision.module.as_ref()?.as_str();
    Some(digest.strip_prefix("sha256:").unwrap_or(digest))
}

fn report_value<'d>(report: &'d Report, image: &'d Image) -> ReportValue<'d> {
    ReportValue {
        subject: image.subject.as_deref(),
        is_success: report.is_success,
        name: &report.verifier_name,
        verifier_name: &report.verifier_name,
        kind: &report.verifier_type,
        verifier_type: &report.verifier_type,
        reference_digest: report.reference_digest.as_deref(),
        artifact_type: report.artifact_type.as_deref(),
        code: &report.code,
        message: &report.message,
        error_reason: (!report.is_success).then_some(report.message.as_str()),
        remediation: &report.remediation,
        extensions: &report.extensions,
    }
}
