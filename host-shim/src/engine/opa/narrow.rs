//! The user's rule over a verdict. It can only narrow: what the module denies stays denied, and what the rule does not grant is denied.

use serde_json::{Value, json};
use wasm_policy::{
    code::{Code, Failure},
    text::shown,
    time::Instant,
};

use super::path::DecisionPath;

/// Whether an image of a verdict document is a success.
pub(super) fn has_success(verdict: &Value) -> bool {
    verdict["images"].as_object().is_some_and(|images| images.values().any(|image| image["isSuccess"] == true))
}

/// The verdict document with what the rule says of its images.
pub(super) fn narrowed(mut verdict: Value, decision: Option<&Value>, rule: &DecisionPath) -> Value {
    let images = verdict["images"].as_object_mut().into_iter().flatten();
    for (key, image) in images.filter(|(_, image)| image["isSuccess"] == true) {
        match granted(key, image, decision) {
            Ok(valid_until) => {
                if let Some(until) = valid_until {
                    image["validUntil"] = until.to_string().into();
                }
            }
            Err(why) => deny(image, &Failure::new(Code::PolicyDenied, format!("the rule {rule} {why}"))),
        }
    }
    verdict
}

/// Until when the rule grants a success, where it says so and that is earlier; else why it does not.
fn granted(key: &str, image: &Value, decision: Option<&Value>) -> Result<Option<Instant>, String> {
    let decision = decision.ok_or("is undefined for this input")?;
    let said = decision["images"].get(key).ok_or("says nothing about this image")?;
    if said["isSuccess"] != true {
        return Err(match said["message"].as_str() {
            Some(message) => format!("says no: {}", shown(message)),
            None => "says no".to_owned(),
        });
    }
    let time = |value: &Value| value.as_str().and_then(Instant::parse_utc);
    let own = match &said["validUntil"] {
        Value::Null => return Ok(None),
        value => time(value).ok_or("gives a validUntil that is no time, as 2026-11-23T12:00:00Z")?,
    };
    let is_earlier = time(&image["validUntil"]).is_none_or(|until| own < until);
    Ok(is_earlier.then_some(own))
}

/// What was found out about the image stays; only the conclusion is another.
fn deny(image: &mut Value, failure: &Failure) {
    let Some(image) = image.as_object_mut() else { return };
    image.remove("validUntil");
    for (name, value) in [
        ("class", json!(failure.code.class())),
        ("code", json!(failure.code)),
        ("isSuccess", json!(false)),
        ("message", json!(failure.message)),
        ("remediation", json!(failure.code.remediation())),
    ] {
        image.insert(name.to_owned(), value);
    }
}
