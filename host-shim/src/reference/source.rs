//! Where an image is read from: a registry, or an OCI image layout on disk as `oci:PATH[:TAG|@DIGEST]`.

use std::path::{Path, PathBuf};

use thiserror::Error;
use wasm_policy::text::shown;

use super::{DEFAULT_TAG, Digest, DigestError, Reference, ReferenceError, is_path_part, is_tag};

const LAYOUT_PREFIX: &str = "oci:";
/// The registry in the keys of images that come from a layout, so that scopes of a trust policy can name them.
const LOCAL_REGISTRY: &str = "local";

/// Where an image is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// From its registry.
    Registry(Reference),
    /// From an image layout on disk.
    Layout(LayoutImage),
}

/// An image in a layout: where, which, and what the verdict calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutImage {
    path: PathBuf,
    selector: Option<Selector>,
    name: Name,
}

/// Which image of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The one whose annotation `org.opencontainers.image.ref.name` is this.
    Tag(String),
    /// The one of this digest.
    Digest(Digest),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// What the user says it is.
    Reference(Reference),
    /// The repository below `local/`; the tag or digest follows from what is selected.
    Folder(String),
}

/// Why a text names no image source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourceError {
    /// Of an image in a registry, or of the name given with `--as`.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Nothing between `oci:` and the tag.
    #[error("{0} names no path: write oci:PATH, oci:PATH:TAG or oci:PATH@DIGEST")]
    NoPath(String),
    /// A tag that breaks the grammar.
    #[error("the tag in {0} is not well-formed: at most 128 letters, digits and . _ -, the first none of . and -")]
    Tag(String),
    /// A digest that breaks the grammar.
    #[error("the digest in {0} is not well-formed: {1}")]
    Digest(String, DigestError),
    /// The folder's name cannot be a repository's.
    #[error("the folder name {0} cannot be the name of a repository: say with --as REF which image the layout holds")]
    FolderName(String),
    /// A name for something that has one.
    #[error("--as gives a name to an image layout (oci:PATH), and {0} is in a registry: leave it out")]
    AlreadyNamed(String),
}

impl ImageSource {
    /// Reads what stands for IMAGE on the command line, and the reference of `--as` where one is given.
    pub fn parse(text: &str, known_as: Option<&Reference>) -> Result<Self, SourceError> {
        match text.strip_prefix(LAYOUT_PREFIX) {
            Some(rest) => Ok(Self::Layout(LayoutImage::parse(rest, text, known_as)?)),
            None if known_as.is_some() => Err(SourceError::AlreadyNamed(shown(text).to_string())),
            None => Ok(Self::Registry(text.parse()?)),
        }
    }
}

impl LayoutImage {
    fn parse(rest: &str, text: &str, known_as: Option<&Reference>) -> Result<Self, SourceError> {
        let (path, selector) = split_selector(rest, text)?;
        if path.is_empty() {
            return Err(SourceError::NoPath(shown(text).to_string()));
        }
        let path = PathBuf::from(path);
        let name = match known_as {
            Some(reference) => Name::Reference(reference.clone()),
            None => Name::Folder(repository_of(&path)?),
        };
        Ok(Self { path, selector, name })
    }

    /// The folder or tar file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which image; `None` is the only one that is tagged.
    pub fn selector(&self) -> Option<&Selector> {
        self.selector.as_ref()
    }

    /// The key of the image in the contract, once it is known which one was selected.
    ///
    /// Where that never becomes known, since the layout cannot be read, the default tag stands in: an image that is not resolved needs a key too.
    pub fn key(&self, selected: Option<&Selector>) -> String {
        let repository = match &self.name {
            Name::Reference(reference) => return reference.to_string(),
            Name::Folder(repository) => repository,
        };
        match selected.or(self.selector.as_ref()) {
            Some(Selector::Tag(tag)) => format!("{LOCAL_REGISTRY}/{repository}:{tag}"),
            Some(Selector::Digest(digest)) => format!("{LOCAL_REGISTRY}/{repository}@{digest}"),
            None => format!("{LOCAL_REGISTRY}/{repository}:{DEFAULT_TAG}"),
        }
    }
}

impl Selector {
    /// A tag, where the text can be one.
    pub fn tag(text: &str) -> Option<Self> {
        is_tag(text).then(|| Self::Tag(text.to_owned()))
    }
}

fn split_selector<'t>(rest: &'t str, text: &str) -> Result<(&'t str, Option<Selector>), SourceError> {
    if let Some((path, digest)) = rest.rsplit_once('@')
        && (digest.starts_with("sha256:") || digest.starts_with("sha512:"))
    {
        let digest = digest.parse().map_err(|reason| SourceError::Digest(shown(text).to_string(), reason))?;
        return Ok((path, Some(Selector::Digest(digest))));
    }
    match rest.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => match Selector::tag(tag) {
            Some(selector) => Ok((path, Some(selector))),
            None => Err(SourceError::Tag(shown(text).to_string())),
        },
        _ => Ok((rest, None)),
    }
}

/// The last part of the path as a repository's name: in lower case, with hyphens for spaces, without `.tar`.
///
/// Anything else that is no repository's name is refused: a name that we made up could be that of another scope.
fn repository_of(path: &Path) -> Result<String, SourceError> {
    let resolved;
    let folder = if let Some(folder) = path.file_name() {
        folder
    } else {
        // `.` and `..` have a name only on disk.
        resolved = path.canonicalize().unwrap_or_default();
        resolved.file_name().unwrap_or_default()
    };
    let folder = folder.to_string_lossy();
    let name = folder.strip_suffix(".tar").unwrap_or(&folder).to_ascii_lowercase().replace(' ', "-");
    if is_path_part(&name) && name.len() <= super::MAX_TAG_BYTES {
        Ok(name)
    } else {
        Err(SourceError::FolderName(shown(&folder).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn layout(text: &str) -> LayoutImage {
        match ImageSource::parse(text, None) {
            Ok(ImageSource::Layout(image)) => image,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_layout_is_named_after_its_folder_and_tag() {
        for (text, path, key) in [
            ("oci:build/app:v1", "build/app", "local/app:v1"),
            ("oci:/tmp/My App/:v1", "/tmp/My App/", "local/my-app:v1"),
            ("oci:app.tar:v1", "app.tar", "local/app:v1"),
            ("oci:a:b/app", "a:b/app", "local/app:latest"),
            ("oci:user@host/app:v1", "user@host/app", "local/app:v1"),
        ] {
            let image = layout(text);
            assert_eq!((image.path(), image.key(None).as_str()), (Path::new(path), key), "{text}");
        }
        let image = layout(&format!("oci:app@{DIGEST}"));
        assert_eq!(image.key(None), format!("local/app@{DIGEST}"));
        assert_eq!(image.selector(), Some(&Selector::Digest(DIGEST.parse().unwrap())));
    }

    #[test]
    fn the_tag_that_the_layout_itself_selects_is_in_the_key() {
        assert_eq!(layout("oci:app").key(Selector::tag("v7").as_ref()), "local/app:v7");
    }

    #[test]
    fn a_folder_named_by_a_dot_has_its_name_on_disk() {
        let here = std::env::current_dir().unwrap();
        let name = here.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(layout("oci:.:v1").key(None), format!("local/{name}:v1"));
    }

    #[test]
    fn a_given_name_takes_the_place_of_the_folder() {
        let known_as: Reference = "registry.example/app:v1".parse().unwrap();
        let source = ImageSource::parse("oci:/tmp/\u{e4}:other", Some(&known_as)).unwrap();
        let ImageSource::Layout(image) = source else { panic!("a layout") };
        assert_eq!(image.key(None), "registry.example/app:v1");
        assert_eq!(ImageSource::parse("alpine", Some(&known_as)), Err(SourceError::AlreadyNamed("alpine".to_owned())));
    }

    #[test]
    fn what_names_no_layout_is_refused_with_its_reason() {
        let refusal = |text: &str| ImageSource::parse(text, None).expect_err(text);
        assert!(matches!(refusal("oci:"), SourceError::NoPath(_)));
        assert!(matches!(refusal("oci::v1"), SourceError::NoPath(_)));
        assert!(matches!(refusal("oci:app:"), SourceError::Tag(_)));
        assert!(matches!(refusal("oci:app:a b"), SourceError::Tag(_)));
        assert!(matches!(refusal("oci:app@sha256:00"), SourceError::Digest(..)));
        for folder in ["oci:/", "oci:\u{e4}", "oci:_app", "oci:a+b", "oci:.tar"] {
            assert!(matches!(refusal(folder), SourceError::FolderName(_)), "{folder}");
        }
        assert!(matches!(refusal(""), SourceError::Reference(ReferenceError::Empty)));
    }
}
