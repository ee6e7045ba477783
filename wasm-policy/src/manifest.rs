//! Signature manifests: the two forms of the Notary Project signature specification ("OCI signatures"), and nothing else.

use crate::{
    code::{Code, Failure},
    digest,
    input::Descriptor,
    limits::Limits,
    text::{Object, Value, json, names, shown},
};

/// The type of Notation signatures.
pub(crate) const NOTATION_SIGNATURE: &str = "application/vnd.cncf.notary.signature";
/// The config of a manifest that has none (OCI image specification, "Guidance for an Empty Descriptor").
pub(crate) const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";
const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A referrer's manifest that has been read; what it is attached to and whether it is a signature are told apart.
#[derive(Debug)]
pub(crate) struct Manifest<'a> {
    object: Object<'a>,
    artifact_type: String,
}

/// The one layer of a signature manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvelopeDescriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
}

impl<'a> Manifest<'a> {
    /// Reads the bytes; only what tells the type must be right.
    ///
    /// # Errors
    /// [`Code::ManifestInvalid`]
    pub(crate) fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Failure> {
        let value = json::parse(bytes, limits).map_err(|failure| invalid(failure.message))?;
        let Value::Object(object) = value else {
            return Err(invalid(format!("it is {}, not an object", value.kind())));
        };
        reject_variants(&object, &["schemaVersion", "mediaType", "artifactType", "config", "layers", "subject"])?;
        let artifact_type = match object.get("artifactType") {
            Some(value) => value.as_str().ok_or_else(|| invalid("artifactType is not a string"))?.to_owned(),
            None => member(&object, "config")
                .and_then(|config| config.get("mediaType")?.as_str())
                .ok_or_else(|| invalid("it has neither an artifactType nor a config with a mediaType"))?
                .to_owned(),
        };
        Ok(Self { object, artifact_type })
    }

    /// The type by which verifiers are chosen: artifactType, else the config's media type.
    pub(crate) fn artifact_type(&self) -> &str {
        &self.artifact_type
    }

    /// The envelope of a signature that is attached to the image.
    ///
    /// # Errors
    /// [`Code::ManifestInvalid`] where the form is neither of the two, [`Code::SubjectMismatch`] where it is attached to something else.
    pub(crate) fn envelope(&self, image: &Descriptor<'_>) -> Result<EnvelopeDescriptor, Failure> {
        let object = &self.object;
        match object.get("schemaVersion") {
            Some(Value::Number("2")) => {}
            _ => return Err(invalid("schemaVersion is not 2")),
        }
        if object.get("mediaType").and_then(Value::as_str) != Some(IMAGE_MANIFEST) {
            return Err(invalid(format!("mediaType is not {IMAGE_MANIFEST}")));
        }
        self.check_form()?;
        let subject = member(object, "subject").ok_or_else(|| invalid("it has no subject"))?;
        let subject = descriptor(subject).ok_or_else(|| invalid("its subject is no descriptor"))?;
        if subject.digest != image.digest || subject.size != image.size || subject.media_type != image.media_type {
            return Err(Failure::new(
                Code::SubjectMismatch,
                format!(
                    "the signature is attached to {} ({} bytes, {}), not to {}",
                    shown(&subject.digest),
                    subject.size,
                    shown(&subject.media_type),
                    shown(&image.digest)
                ),
            ));
        }
        match object.get("layers").and_then(Value::as_array) {
            Some([layer]) => {
                layer.as_object().and_then(descriptor).ok_or_else(|| invalid("its layer is no descriptor"))
            }
            Some(layers) => Err(invalid(format!("it has {} layers, not one", layers.len()))),
            None => Err(invalid("it has no layers")),
        }
    }

    /// Either artifactType with an empty config, or, older, the type in the config.
    fn check_form(&self) -> Result<(), Failure> {
        let config = member(&self.object, "config").ok_or_else(|| invalid("it has no config"))?;
        reject_variants(config, &["mediaType"])?;
        let config_type = config.get("mediaType").and_then(Value::as_str);
        match self.object.get("artifactType").and_then(Value::as_str) {
            Some(NOTATION_SIGNATURE) if config_type == Some(EMPTY_CONFIG) => Ok(()),
            Some(NOTATION_SIGNATURE) => {
                Err(invalid(format!("it has an artifactType and a config that is not {EMPTY_CONFIG}")))
            }
            None if config_type == Some(NOTATION_SIGNATURE) => Ok(()),
            _ => Err(invalid(format!("its type `{}` is not {NOTATION_SIGNATURE}", shown(&self.artifact_type)))),
        }
    }
}

fn descriptor(object: &Object<'_>) -> Option<EnvelopeDescriptor> {
    reject_variants(object, &["mediaType", "digest", "size"]).ok()?;
    let text = |name| Some(object.get(name)?.as_str()?.to_owned());
    let digest = text("digest").filter(|digest| digest::is_well_formed(digest))?;
    Some(EnvelopeDescriptor { media_type: text("mediaType")?, digest, size: object.get("size")?.as_size()? })
}

fn member<'o, 'a>(object: &'o Object<'a>, name: &str) -> Option<&'o Object<'a>> {
    object.get(name)?.as_object()
}

/// Readers that fold case would take such a member for the known one, and disagree with us about what the manifest says.
fn reject_variants(object: &Object<'_>, known: &[&'static str]) -> Result<(), Failure> {
    match names::variant(object, known) {
        Some((name, known)) => {
            Err(invalid(format!("its member `{}` differs from `{known}` in case only", shown(name))))
        }
        None => Ok(()),
    }
}

fn invalid(what: impl Into<String>) -> Failure {
    Failure::new(Code::ManifestInvalid, format!("the signature manifest is not accepted: {}", what.into()))
}
