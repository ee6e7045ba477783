//! What Gatekeeper's templates read of a decision: Ratify's answer (version 0.2.0), and more that is ours.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    decisions::Decision,
    presenter::{Image, Report},
    telemetry::TraceId,
};

/// The version of Ratify's answer.
const VERSION: &str = "0.2.0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<'d> {
    version: &'static str,
    is_success: bool,
    #[serde(rename = "traceID")]
    trace_id: String,
    timestamp: String,
    code: &'static str,
    class: &'static str,
    message: &'d str,
    remediation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<&'d str>,
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

/// The value under a key.
pub(super) fn value(decision: &Decision, trace: TraceId, timestamp: &str) -> Box<RawValue> {
    let image: &Image = &decision.image;
    let value = Value {
        version: VERSION,
        is_success: decision.is_success,
        trace_id: trace.to_string(),
        timestamp: timestamp.to_owned(),
        code: decision.code.name(),
        class: decision.class.name(),
        message: &decision.message,
        remediation: decision.code.remediation(),
        subject: decision.subject.as_deref(),
        media_type: image.media_type.as_deref(),
        valid_until: image.valid_until.as_deref(),
        module_digest: module(decision),
        verifier_reports: image.verifier_reports.iter().map(|report| report_value(report, image)).collect(),
    };
    // Strings and maps with string keys cannot fail to be written; null is a success for no template.
    to_raw_value(&value).unwrap_or_else(|_| RawValue::NULL.to_owned())
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
