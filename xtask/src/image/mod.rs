//! The container image of a static binary, made without a daemon: an OCI image layout (OCI image specification 1.1), as a folder and as a tar file.
//!
//! The same binary gives the same bytes: nothing in the image has a time, and everything has an order.

mod archive;
mod binary;
mod layer;
mod layout;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use self::{
    binary::{Architecture, BinaryError},
    layer::Layer,
    layout::Layout,
};

/// What the image calls its binary; the chart's arguments follow it.
const PROGRAM: &str = "image-integrity";
/// A user without a name, and without rights: the chart's Pods run as it.
const USER: &str = "65532:65532";
/// The image's tag, which the chart asks for by its appVersion.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0}: {1}")]
    Binary(PathBuf, BinaryError),
    #[error("{0} is there, and is no image layout: remove it, or choose another place")]
    Occupied(PathBuf),
}

/// Makes the image of a binary in the folder `out`, and beside it as a tar file; tells its digest.
///
/// `source` is where the code of the binary is, if that is known.
pub(crate) fn build(binary: &Path, out: &Path, source: Option<&str>) -> Result<String, Error> {
    let program = fs::read(binary).map_err(|error| Error::File(binary.into(), error))?;
    let architecture = Architecture::of(&program).map_err(|error| Error::Binary(binary.into(), error))?;
    let layer = Layer::pack(&program).map_err(|error| Error::File(binary.into(), error))?;
    let (layout, digest) = image(layer, architecture, source);
    layout.write(out)?;
    Ok(digest)
}

fn image(layer: Layer, architecture: Architecture, source: Option<&str>) -> (Layout, String) {
    let facts = facts(source);
    let platform = json!({ "architecture": architecture.name(), "os": "linux" });
    let Layer { bytes, diff_id } = layer;
    let mut layout = Layout::default();
    let layer = layout.add("application/vnd.oci.image.layer.v1.tar+gzip", bytes);
    let config = json!({
        "architecture": architecture.name(),
        "os": "linux",
        "config": {
            "User": USER,
            "Entrypoint": [format!("/{PROGRAM}")],
            "WorkingDir": "/",
            "Labels": facts,
        },
        "rootfs": { "type": "layers", "diff_ids": [diff_id] },
        "history": [{ "created_by": "xtask image" }],
    });
    let config = layout.add("application/vnd.oci.image.config.v1+json", document(&config));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": layout::MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": facts,
    });
    let manifest = layout.add(layout::MANIFEST, document(&manifest));
    let digest = manifest["digest"].as_str().unwrap_or_default().to_owned();
    layout.tag(manifest, &platform, VERSION);
    // What `docker load` reads where Docker keeps its images as it did before containerd did it.
    layout.name(&format!("{PROGRAM}:{VERSION}"), &config, &layer);
    (layout, digest)
}

/// The annotations of the OCI image specification that hold for every image of this project.
fn facts(source: Option<&str>) -> Value {
    let mut facts = json!({
        "org.opencontainers.image.title": PROGRAM,
        "org.opencontainers.image.description": "Verifies the signatures of container images",
        "org.opencontainers.image.version": VERSION,
        "org.opencontainers.image.licenses": "Apache-2.0",
    });
    if let Some(source) = source {
        facts["org.opencontainers.image.source"] = source.into();
    }
    facts
}

/// JSON whose keys have an order.
fn document(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}
