//! A verdict as annotations of GitHub Actions: a workflow command for each image that is not verified, at each place that names it.
//!
//! The form and its escapes are those of GitHub's toolkit (`@actions/core`, command.ts).

use super::{
    document::{Document, Image, Outcome},
    layout::printable,
    text::{Asked, Origin},
};

/// Annotations of one image; GitHub shows ten errors of a step.
const MAX_ANNOTATIONS: usize = 10;

/// Writes the annotations of these images; every image's first place comes before any second, since GitHub shows few. `source` names a document that was
/// refused without naming an image.
pub fn github(document: &Document, asked: &[Asked], source: &str) -> String {
    let mut out = String::new();
    if let Some(error) = document.error.as_ref().filter(|_| document.images.is_empty()) {
        out.push_str(&annotation(None, &error.code, &told(source, &error.message, &error.remediation)));
    }
    let denied: Vec<_> = asked
        .iter()
        .filter_map(|asked| Some((asked, document.images.get(&asked.key)?)))
        .filter(|(_, image)| image.outcome() != Outcome::Verified)
        .collect();
    for nth in 0..MAX_ANNOTATIONS {
        for (asked, image) in &denied {
            match asked.origins.get(nth) {
                Some(origin) => out.push_str(&of_place(asked, image, origin)),
                None if nth == 0 => {
                    let message = told(&asked.name, &image.message, &image.remediation);
                    out.push_str(&annotation(None, &image.code, &message));
                }
                None => {}
            }
        }
    }
    out
}

fn of_place(asked: &Asked, image: &Image, Origin { object, file, line }: &Origin) -> String {
    let message = told(&format!("{} in {object}", asked.name), &image.message, &image.remediation);
    annotation(Some((file, Some(*line))), &image.code, &message)
}

fn told(named: &str, message: &str, remediation: &str) -> String {
    format!("{}: {}\n→ {}", printable(named), printable(message), printable(remediation))
}

/// One annotation, at a file and its line where they are known.
pub fn annotation(at: Option<(&str, Option<usize>)>, title: &str, message: &str) -> String {
    let mut properties = String::new();
    // Of standard input GitHub can show no line.
    if let Some((file, line)) = at.filter(|(file, _)| *file != "-") {
        let file = property(file.strip_prefix("./").unwrap_or(file));
        let line = line.map(|line| format!("line={line},")).unwrap_or_default();
        properties = format!("file={file},{line}");
    }
    format!("::error {properties}title={}::{}\n", property(title), data(message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "registry.example/app:v1";

    fn image(code: &str, class: &str) -> Value {
        json!({
            "class": class, "code": code, "isSuccess": class == "verified", "message": "what was found",
            "remediation": "What to do.", "verifierReports": [],
        })
    }

    fn origin(object: &str, file: &str, line: usize) -> Origin {
        Origin { object: object.to_owned(), file: file.to_owned(), line }
    }

    fn asked(key: &str, origins: Vec<Origin>) -> Asked {
        Asked { key: key.to_owned(), name: key.to_owned(), origins }
    }

    fn annotations(images: &Value, asked: &[Asked]) -> String {
        let document = json!({ "images": images }).to_string();
        github(&Document::read(document.as_bytes()).unwrap(), asked, "")
    }

    #[test]
    fn an_image_that_is_not_verified_is_told_at_each_place_and_a_verified_one_nowhere() {
        let images = json!({ "a": image("SIGNATURE_NOT_FOUND", "denied"), "b": image("VERIFIED", "verified"),
                             "c": image("REGISTRY_TIMEOUT", "transient") });
        let asked = [
            asked("a", vec![origin("Pod a, container x", "./k8s/a.yaml", 7), origin("Pod b, container y", "-", 3)]),
            asked("b", vec![origin("Pod b, container x", "k8s/b.yaml", 7)]),
            asked("c", vec![]),
        ];
        let expected = "\
::error file=k8s/a.yaml,line=7,title=SIGNATURE_NOT_FOUND::a in Pod a, container x: what was found%0A→ What to do.
::error title=REGISTRY_TIMEOUT::c: what was found%0A→ What to do.
::error title=SIGNATURE_NOT_FOUND::a in Pod b, container y: what was found%0A→ What to do.
";
        assert_eq!(annotations(&images, &asked), expected);
    }

    #[test]
    fn of_many_places_ten_are_told() {
        let origins = (1..=50).map(|line| origin("Pod a, container x", "a.yaml", line)).collect();
        let out = annotations(&json!({ "a": image("SIGNATURE_NOT_FOUND", "denied") }), &[asked("a", origins)]);
        assert_eq!(out.lines().count(), 10);
        assert!(out.contains("line=10,") && !out.contains("line=11,"), "{out}");
    }

    #[test]
    fn nothing_in_a_document_or_a_file_name_is_a_command_or_a_property() {
        let hostile = "%0A::set-output name=a::b\r\n::add-mask::c\u{2028}##[group]x,line=1:";
        let mut image = image(hostile, "denied");
        image["message"] = hostile.into();
        image["remediation"] = hostile.into();
        let asked = Asked { key: KEY.to_owned(), name: hostile.to_owned(), origins: vec![origin(hostile, hostile, 7)] };
        let out = annotations(&json!({ KEY: image }), &[asked]);
        assert_eq!(out.split(['\n', '\r']).filter(|line| !line.is_empty()).count(), 1, "{out}");
        let (properties, data) = out.strip_prefix("::error ").unwrap().split_once("::").unwrap();
        let names: Vec<_> = properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
        assert_eq!(names, ["file", "line", "title"], "{out}");
        assert!(data.starts_with("%250A::set-output"), "{out}");
    }

    #[test]
    fn a_document_that_is_refused_is_told() {
        let error = json!({ "error": { "code": "INPUT_MALFORMED", "message": "not JSON", "remediation": "Mend it." }, "images": {} });
        let document = Document::read(error.to_string().as_bytes()).unwrap();
        assert_eq!(
            github(&document, &[], "input.json"),
            "::error title=INPUT_MALFORMED::input.json: not JSON%0A→ Mend it.\n"
        );
    }
}
