//! Layouts made by notation-go, and layouts made to mislead.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use wasm_policy::code::{Code, Failure};

use super::*;
use crate::{
    listing::{MAX_ENTRIES, WantedTypes},
    reference::Algorithm,
};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name).join("layout")
}

/// A layout under construction.
struct Made {
    folder: TempDir,
    entries: Vec<serde_json::Value>,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        Self { folder, entries: Vec::new() }
    }

    fn blob(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(Algorithm::Sha256, bytes);
        fs::write(self.path_of(&digest), bytes).unwrap();
        digest
    }

    fn path_of(&self, digest: &Digest) -> PathBuf {
        self.folder.path().join("blobs/sha256").join(digest.hex())
    }

    fn entry(&mut self, media_type: &str, digest: &Digest, size: usize, tag: Option<&str>) {
        let annotations = tag.map(|tag| serde_json::json!({ REF_NAME: tag }));
        self.entries.push(serde_json::json!({
            "mediaType": media_type, "digest": digest.as_str(), "size": size, "annotations": annotations.unwrap_or_default(),
        }));
        self.entries.iter_mut().for_each(|entry| {
            if entry["annotations"].is_null() {
                entry.as_object_mut().unwrap().remove("annotations");
            }
        });
    }

    /// A manifest with so much text in it, listed in the index.
    fn manifest(&mut self, text: &str, tag: Option<&str>) -> Digest {
        let digest = self.blob(text.as_bytes());
        self.entry(MANIFEST, &digest, text.len(), tag);
        digest
    }

    fn image(&mut self, tag: &str) -> Digest {
        self.manifest(&format!(r#"{{"mediaType":"{MANIFEST}","annotations":{{"for":"{tag}"}}}}"#), Some(tag))
    }

    fn signature(&mut self, image: &Digest, number: usize) -> Digest {
        let text = format!(
            r#"{{"artifactType":"{SIGNATURE}","number":{number},"subject":{{"mediaType":"{MANIFEST}","digest":"{image}","size":1}}}}"#
        );
        self.manifest(&text, None)
    }

    fn open(&self) -> Result<Layout, LayoutError> {
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": self.entries });
        fs::write(self.folder.path().join("index.json"), index.to_string()).unwrap();
        Layout::open(self.folder.path())
    }
}

fn tag(text: &str) -> Selector {
    Selector::tag(text).unwrap()
}

fn code_of<T: std::fmt::Debug>(outcome: Result<T, LayoutError>) -> Code {
    outcome.expect_err("an error").code()
}

fn listed(layout: &Layout, image: &Digest) -> Vec<String> {
    let listing = layout.referrers(image, &WantedTypes::Every);
    assert_eq!(listing.incomplete, None);
    listing.referrers.into_iter().map(|referrer| referrer.digest.into_owned()).collect()
}

#[test]
fn a_layout_of_notation_go_gives_its_images_and_their_signatures() {
    let layout = Layout::open(&fixture("demo")).unwrap();
    let signed = layout.select(Some(&tag("signed"))).unwrap();
    assert_eq!((signed.subject.media_type.as_ref(), signed.subject.size), (MANIFEST, 401));
    let digest: Digest = signed.subject.digest.parse().unwrap();
    let listing = layout.referrers(&digest, &WantedTypes::Every);
    assert_eq!(listing.incomplete, None);
    let [signature] = listing.referrers.as_slice() else { panic!("{listing:?}") };
    assert_eq!(signature.artifact_type.as_deref(), Some(SIGNATURE));
    let signature_digest = signature.digest.parse().unwrap();
    let manifest = layout.manifest(&signature_digest, signature.size).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let envelope = &manifest["layers"][0];
    let envelope_digest = envelope["digest"].as_str().unwrap().parse().unwrap();
    assert!(layout.blob(&envelope_digest, envelope["size"].as_u64().unwrap(), 1 << 20).is_ok());

    let unsigned = layout.select(Some(&tag("unsigned"))).unwrap();
    assert_eq!(listed(&layout, &unsigned.subject.digest.parse().unwrap()), Vec::<String>::new());
}

#[test]
fn a_tar_file_gives_what_the_folder_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    archive.append_dir_all(".", fixture("demo")).unwrap();
    archive.into_inner().unwrap();
    let (from_tar, from_folder) = (Layout::open(&path).unwrap(), Layout::open(&fixture("demo")).unwrap());
    let selected = from_tar.select(Some(&tag("signed"))).unwrap();
    assert_eq!(selected, from_folder.select(Some(&tag("signed"))).unwrap());
    let image = selected.subject.digest.parse().unwrap();
    assert_eq!(listed(&from_tar, &image), listed(&from_folder, &image));
    assert_eq!(listed(&from_tar, &image).len(), 1);
}

#[test]
fn an_image_is_selected_by_its_tag_its_digest_or_as_the_only_tagged_one() {
    let mut made = Made::new();
    let image = made.image("v1");
    made.signature(&image, 1);
    let layout = made.open().unwrap();
    let only = layout.select(None).unwrap();
    assert_eq!((only.subject.digest.as_ref(), &only.selector), (image.as_str(), &Selector::Tag("v1".to_owned())));
    assert_eq!(layout.select(Some(&tag("v1"))).unwrap(), only);
    let by_digest = layout.select(Some(&Selector::Digest(image.clone()))).unwrap();
    assert_eq!(by_digest.subject, only.subject);
    assert_eq!(by_digest.selector, Selector::Digest(image));
}

#[test]
fn an_image_that_only_another_index_lists_is_selected_by_its_digest() {
    let mut made = Made::new();
    made.image("v1");
    let text = format!(r#"{{"mediaType":"{MANIFEST}"}}"#);
    let child = made.blob(text.as_bytes());
    let untyped = made.blob(b"{}");
    let layout = made.open().unwrap();
    assert_eq!(layout.select(Some(&Selector::Digest(child))).unwrap().subject.size, text.len() as u64);
    assert_eq!(code_of(layout.select(Some(&Selector::Digest(untyped)))), Code::ImageNotFound);
}

#[test]
fn where_several_are_tagged_the_message_lists_the_tags() {
    let mut made = Made::new();
    made.image("v1");
    made.image("v2");
    let error = made.open().unwrap().select(None).unwrap_err();
    assert_eq!(error.code(), Code::ImageNotFound);
    assert!(error.to_string().contains("its 2 tags are v1, v2"), "{error}");
    let error = made.open().unwrap().select(Some(&tag("v3"))).unwrap_err();
    assert_eq!(error.code(), Code::ImageNotFound);
    assert!(error.to_string().contains("no image tagged v3; its 2 tags are v1, v2"), "{error}");
}

#[test]
fn a_tag_that_two_images_have_selects_neither() {
    let mut made = Made::new();
    made.image("v1");
    made.manifest("{}", Some("v1"));
    assert_eq!(code_of(made.open().unwrap().select(Some(&tag("v1")))), Code::ImageNotFound);
}

#[test]
fn the_index_of_a_fallback_tag_lists_referrers_and_is_no_image() {
    let mut made = Made::new();
    let image = made.image("v1");
    let text = format!(
        r#"{{"manifests":[{{"mediaType":"{MANIFEST}","digest":"{image}","size":7,"artifactType":"{SIGNATURE}"}}]}}"#
    );
    let index = made.blob(text.as_bytes());
    made.entry(INDEX, &index, text.len(), Some(&format!("sha256-{}", image.hex())));
    let layout = made.open().unwrap();
    assert_eq!(layout.select(None).unwrap().subject.digest, image.as_str());
    assert_eq!(listed(&layout, &image), [image.as_str()]);
}

#[test]
fn only_manifests_that_refer_to_the_image_and_may_be_of_a_wanted_type_are_listed() {
    let mut made = Made::new();
    let (image, other) = (made.image("v1"), made.image("v2"));
    let signature = made.signature(&image, 1);
    made.signature(&other, 2);
    let older =
        made.manifest(&format!(r#"{{"config":{{"mediaType":"{SIGNATURE}"}},"subject":{{"digest":"{image}"}}}}"#), None);
    let sbom = made.manifest(&format!(r#"{{"artifactType":"text/sbom","subject":{{"digest":"{image}"}}}}"#), None);
    let layout = made.open().unwrap();
    assert_eq!(listed(&layout, &image), [signature.as_str(), older.as_str(), sbom.as_str()]);
    let wanted = WantedTypes::Of([SIGNATURE.to_owned()].into());
    let listing = layout.referrers(&image, &wanted);
    assert_eq!(listing.referrers.len(), 2, "{listing:?}");
    assert_eq!(listing.referrers[1].artifact_type.as_deref(), Some(SIGNATURE));
}

#[test]
fn a_manifest_that_cannot_be_read_makes_the_list_incomplete() {
    let mut made = Made::new();
    let image = made.image("v1");
    let good = made.signature(&image, 1);
    let lost = made.signature(&image, 2);
    fs::remove_file(made.path_of(&lost)).unwrap();
    let listing = made.open().unwrap().referrers(&image, &WantedTypes::Every);
    assert_eq!(listing.incomplete.map(|failure: Failure| failure.code), Some(Code::BlobNotFound));
    assert_eq!(listing.referrers.len(), 1);
    assert_eq!(listing.referrers[0].digest, good.as_str());
}

#[test]
fn a_list_ends_one_entry_above_the_limit_so_that_the_verdict_can_say_so() {
    let mut made = Made::new();
    let image = made.image("v1");
    for number in 0..MAX_ENTRIES + 20 {
        made.signature(&image, number);
    }
    assert_eq!(listed(&made.open().unwrap(), &image).len(), MAX_ENTRIES);
}

#[test]
fn bytes_that_are_not_what_the_digest_and_the_size_say_are_refused() {
    let mut made = Made::new();
    let image = made.image("v1");
    let size = fs::metadata(made.path_of(&image)).unwrap().len();
    let layout = made.open().unwrap();
    assert!(layout.manifest(&image, size).is_ok());
    assert_eq!(code_of(layout.manifest(&image, size + 1)), Code::DigestMismatch);
    assert_eq!(code_of(layout.manifest(&image, size - 1)), Code::ContentTooLarge);
    assert_eq!(code_of(layout.manifest(&image, MAX_MANIFEST_BYTES + 1)), Code::ContentTooLarge);
    let altered = fs::read_to_string(made.path_of(&image)).unwrap().replace(r#""for":"v1""#, r#""for":"v2""#);
    fs::write(made.path_of(&image), altered).unwrap();
    assert_eq!(code_of(layout.select(None)), Code::DigestMismatch);
    fs::remove_file(made.path_of(&image)).unwrap();
    assert_eq!(code_of(layout.select(None)), Code::BlobNotFound);
}

#[test]
fn a_manifest_that_says_another_media_type_than_the_index_is_refused() {
    let mut made = Made::new();
    let image = made.image("v1");
    let size = fs::metadata(made.path_of(&image)).unwrap().len();
    made.entries.clear();
    made.entry(INDEX, &image, usize::try_from(size).unwrap(), Some("v1"));
    assert_eq!(code_of(made.open().unwrap().select(None)), Code::DigestMismatch);
    made.entries.clear();
    made.entry("text/plain", &image, usize::try_from(size).unwrap(), Some("v1"));
    assert_eq!(code_of(made.open().unwrap().select(None)), Code::ImageNotFound);
}

#[test]
fn a_digest_in_the_index_never_becomes_a_path() {
    let mut made = Made::new();
    let image = made.image("v1");
    made.entries[0]["digest"] = "sha256:../../../../../../etc/passwd".into();
    assert_eq!(code_of(made.open()), Code::LayoutInvalid);
    made.entries[0]["digest"] = format!("sha384:{}", image.hex()).into();
    assert_eq!(code_of(made.open().and_then(|layout| layout.select(None))), Code::LayoutInvalid);
}

#[cfg(unix)]
#[test]
fn a_link_inside_of_the_layout_is_followed_and_one_out_of_it_is_not() {
    let mut made = Made::new();
    let image = made.image("v1");
    let text = fs::read(made.path_of(&image)).unwrap();
    fs::remove_file(made.path_of(&image)).unwrap();
    fs::write(made.folder.path().join("inside"), &text).unwrap();
    std::os::unix::fs::symlink(made.folder.path().join("inside"), made.path_of(&image)).unwrap();
    assert!(made.open().unwrap().select(None).is_ok());

    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("outside"), &text).unwrap();
    fs::remove_file(made.path_of(&image)).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("outside"), made.path_of(&image)).unwrap();
    assert_eq!(code_of(made.open().unwrap().select(None)), Code::LayoutInvalid);
}

#[test]
fn what_is_no_layout_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let refused = |reason: &str| {
        let error = Layout::open(&path).unwrap_err();
        assert_eq!(error.code(), Code::LayoutInvalid);
        assert!(error.to_string().contains(reason), "{error}");
    };
    refused("cannot be read");
    fs::write(&path, b"").unwrap();
    refused("the file is empty");
    fs::write(&path, b"no tar file").unwrap();
    refused("cannot be read as a tar file");
    fs::write(&path, [b'x'; 4096]).unwrap();
    refused("cannot be read as a tar file");
    fs::write(&path, [0x1f, 0x8b, 8, 0]).unwrap();
    refused("compressed");
    fs::File::create(&path).unwrap().set_len(1 << 30).unwrap();
    refused("no file oci-layout");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused("no file oci-layout");
    fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    refused("its version is 2.0.0");
    fs::write(path.join("oci-layout"), " ".repeat(5000)).unwrap();
    assert_eq!(code_of(Layout::open(&path)), Code::ContentTooLarge);
    fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    refused("no file index.json");
    for index in ["", "[", "{\"manifests\":7}", "{\"manifests\":[{}]}", "{\"mediaType\":\"text/html\"}"] {
        fs::write(path.join("index.json"), index).unwrap();
        refused("index.json");
    }
    fs::write(path.join("index.json"), r#"{"manifests":null}"#).unwrap();
    assert_eq!(code_of(Layout::open(&path).unwrap().select(None)), Code::ImageNotFound);
}

/// Writes a tar file of these entries, each with a name and a type, and opens it.
fn opened(entries: &[(&str, tar::EntryType, &[u8])]) -> Result<Layout, LayoutError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    for (name, kind, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        if *kind == tar::EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_path(name).unwrap();
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.into_inner().unwrap();
    Layout::open(&path)
}

#[test]
fn a_tar_file_that_readers_could_disagree_about_is_refused() {
    use tar::EntryType::{GNULongName, Regular, Symlink, XHeader};
    let header = ("oci-layout", Regular, br#"{"imageLayoutVersion":"1.0.0"}"#.as_slice());
    let index = ("index.json", Regular, br#"{"manifests":[]}"#.as_slice());
    assert!(opened(&[header, index]).is_ok());
    assert_eq!(code_of(opened(&[header, index, index])), Code::LayoutInvalid);
    assert_eq!(code_of(opened(&[header, index, ("./index.json", Regular, b"{}")])), Code::LayoutInvalid);
    assert_eq!(code_of(opened(&[header, ("index.json", Symlink, b"")])), Code::LayoutInvalid);
    // The names of extension headers count, and neither they nor sizes in them are without bound.
    assert!(opened(&[header, ("long", GNULongName, b"index.json\0"), ("x", Regular, index.2)]).is_ok());
    assert!(opened(&[header, ("pax", XHeader, b"19 path=index.json\n"), ("x", Regular, index.2)]).is_ok());
    let size = ("pax", XHeader, b"10 size=1\n".as_slice());
    assert_eq!(code_of(opened(&[header, size, index])), Code::LayoutInvalid);
    let huge = vec![b'x'; 70_000];
    let error = opened(&[header, ("long", GNULongName, &huge), index]).unwrap_err();
    assert_eq!(error.code(), Code::LayoutInvalid);
    assert!(error.to_string().contains("an extension header is too large"), "{error}");
}

#[test]
fn a_tar_file_that_is_cut_short_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.tar");
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    archive.append_dir_all(".", fixture("demo")).unwrap();
    let file = archive.into_inner().unwrap();
    for length in [100, 512, 700, 5_000, 20_000] {
        file.set_len(length).unwrap();
        let outcome = Layout::open(&path).and_then(|layout| layout.select(Some(&tag("signed"))));
        assert!(matches!(code_of(outcome), Code::LayoutInvalid | Code::BlobNotFound), "at {length} bytes");
    }
}
