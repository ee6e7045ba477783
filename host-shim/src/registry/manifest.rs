//! Which kind of document an answer is. A parser is picked by the Content-Type together with the document's own `mediaType`, never by one against
//! the other: two readers that go by one of them each would see two images (CVE-2021-41190).

use serde::Deserialize;
use wasm_policy::text::shown;

use super::transport::Answer;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypedDocument {
    media_type: Option<String>,
}

/// The media type of a document, which is one of `accepted`.
///
/// # Errors
/// A sentence for people, where it is another, where header and document disagree, or where the answer is no JSON object.
pub(super) fn media_type<'a>(answer: &Answer, accepted: &[&'a str]) -> Result<&'a str, String> {
    let header = answer.content_type();
    let pick = |name: &str| accepted.iter().copied().find(|accepted| *accepted == name);
    let unexpected = |name: &str| format!("it is of the type {}", shown(name));
    if let Some(header) = header
        && pick(header).is_none()
    {
        return Err(unexpected(header));
    }
    let document: TypedDocument = serde_json::from_slice(&answer.body).map_err(|error| {
        format!("the document is not a JSON object as it should be ({})", shown(&error.to_string()))
    })?;
    match (header, document.media_type.as_deref()) {
        (Some(header), Some(own)) if own != header => {
            Err(format!("the header says that it is {}, and the document says {}", shown(header), shown(own)))
        }
        (_, Some(name)) | (Some(name), None) => pick(name).ok_or_else(|| unexpected(name)),
        (None, None) => Err("neither header nor document says what it is".to_owned()),
    }
}
