//! An image layout that is being put together, and written.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, BufWriter},
    path::Path,
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Error,
    archive::{self, Member, Members},
    document,
};

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The file by which a layout is known.
const HEADER: &str = "oci-layout";

/// The files of a layout, by path.
#[derive(Default)]
pub(super) struct Layout(BTreeMap<String, Vec<u8>>);

impl Layout {
    /// Adds a blob, and tells its descriptor.
    pub(super) fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = digest(&bytes);
        let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
        self.0.insert(path(&digest), bytes);
        descriptor
    }

    /// Makes a manifest the layout's only image.
    pub(super) fn tag(&mut self, mut manifest: Value, platform: &Value, tag: &str) {
        manifest["platform"] = platform.clone();
        manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [manifest],
        });
        self.0.insert("index.json".to_owned(), document(&index));
        self.0.insert(HEADER.to_owned(), document(&json!({ "imageLayoutVersion": "1.0.0" })));
    }

    /// Adds the file that `docker save` writes beside a layout, and that names an image.
    pub(super) fn name(&mut self, name: &str, config: &Value, layer: &Value) {
        let path = |descriptor: &Value| path(descriptor["digest"].as_str().unwrap_or_default());
        let images = json!([{ "Config": path(config), "RepoTags": [name], "Layers": [path(layer)] }]);
        self.0.insert("manifest.json".to_owned(), document(&images));
    }

    /// Writes it to a folder, in place of the layout that may be there, and to a tar file beside it.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| Error::File(path, error)
        };
        if folder.exists() {
            if !folder.join(HEADER).is_file() {
                return Err(Error::Occupied(folder.into()));
            }
            fs::remove_dir_all(folder).map_err(failed(folder))?;
        }
        for (path, bytes) in &self.0 {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).map_err(failed(parent))?;
            fs::write(&path, bytes).map_err(failed(&path))?;
        }
        let tar = folder.with_extension("tar");
        self.pack(&tar).map_err(failed(&tar))
    }

    fn pack(&self, tar: &Path) -> io::Result<()> {
        let folders = [("blobs/", Member::Folder), ("blobs/sha256/", Member::Folder)];
        let files = self.0.iter().map(|(path, bytes)| (path.as_str(), Member::File(bytes)));
        let members: Members<'_> = folders.into_iter().chain(files).collect();
        let file = BufWriter::new(fs::File::create(tar)?);
        archive::pack(&members, file)?.into_inner()?.sync_all()
    }
}

pub(super) fn digest(bytes: &[u8]) -> String {
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        // Writing to a text never fails.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

fn path(digest: &str) -> String {
    format!("blobs/{}", digest.replace(':', "/"))
}
