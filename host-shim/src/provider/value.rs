//! What Gatekeeper's templates read of a decision: Ratify's answer (version 0.2.0), and more that is ours.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    decisions::Decision,
    presenter::{Image, Report},
    telemetry::TraceId,
};

/// The version of Ratify's answer.
const VERSION: &str = "0.2.0";

/// Bytes of what an answer has beside the decision's own text.
const FRAME: usize = 1_024;

/// The value under a key.
#[derive(Debug)]
pub(super) struct Value {
    decision: Arc<Decision>,
    trace: TraceId,
    timestamp: Arc<str>,
}

/// A value as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'d> {
    version: &'static str,
    is_success: bool,
    #[serde(rename = "traceID")]
    trace_id: String,
    timestamp: &'d str,
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
    verifier_reports: &'d RawValue,
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
        self.reports().get().len() + self.decision.message.len() + FRAME
    }

    /// All of the value that is long, and the same in every answer.
    fn reports(&self) -> &RawValue {
        self.decision.reports.get_or_init(|| reports(&self.decision.verdict))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { decision, trace, timestamp } = self;
        let written = Written {
            version: VERSION,
            is_success: decision.is_success,
            trace_id: trace.to_string(),
            timestamp,
            code: decision.code.name(),
            class: decision.class.name(),
            message: &decision.message,
            remediation: decision.code.remediation(),
            subject: decision.subject.as_deref(),
            media_type: decision.media_type.as_deref(),
            valid_until: decision.valid_until.map(|time| time.to_string()),
            module_digest: module(decision),
            verifier_reports: self.reports(),
        };
        written.serialize(serializer)
    }
}

fn reports(verdict: &RawValue) -> Box<RawValue> {
    // It was read once, when the decision was made, and strings and maps with string keys cannot fail to be written.
    let image = serde_json::from_str::<Image>(verdict.get()).ok();
    let written = image.and_then(|image| {
        let reports: Vec<_> = image.verifier_reports.iter().map(|report| report_value(report, &image)).collect();
        to_raw_value(&reports).ok()
    });
    written.unwrap_or_else(|| RawValue::NULL.to_owned())
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
