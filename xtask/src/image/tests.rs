use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use flate2::read::GzDecoder;
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest, MediaType, OciLayout};
use tempfile::TempDir;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::{layout::digest, *};

const MACHINE_AMD64: u16 = 62;
const MACHINE_ARM64: u16 = 183;
const SEGMENT_LOAD: u32 = 1;
const SEGMENT_INTERPRETER: u32 = 3;

/// The head of a program with one segment.
fn program(machine: u16, segment: u32) -> Vec<u8> {
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
    elf.resize(16, 0);
    elf.extend(3_u16.to_le_bytes());
    elf.extend(machine.to_le_bytes());
    elf.extend(1_u32.to_le_bytes());
    elf.extend([0, 64, 0].map(u64::to_le_bytes).concat());
    elf.extend(0_u32.to_le_bytes());
    elf.extend([64_u16, 56, 1, 0, 0, 0].map(u16::to_le_bytes).concat());
    elf.extend(segment.to_le_bytes());
    elf.resize(64 + 56, 0);
    elf
}

/// The image of a program, in the folder `image` of what is given.
fn made(program: &[u8], source: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary");
    fs::write(&binary, program).unwrap();
    build(&binary, &folder.path().join("image"), source).unwrap();
    folder
}

fn amd64() -> TempDir {
    made(&program(MACHINE_AMD64, SEGMENT_LOAD), Some("https://git.example/image-integrity"))
}

/// The blob of a descriptor, which proves itself.
fn blob(layout: &Path, descriptor: &Descriptor) -> Vec<u8> {
    let bytes = fs::read(layout.join("blobs/sha256").join(descriptor.digest().digest())).unwrap();
    assert_eq!((digest(&bytes), bytes.len() as u64), (descriptor.digest().to_string(), descriptor.size()));
    bytes
}

fn manifest(layout: &Path) -> (Descriptor, ImageManifest) {
    let index = ImageIndex::from_file(layout.join("index.json")).unwrap();
    let [image] = index.manifests().as_slice() else { panic!("{index:?}") };
    (image.clone(), ImageManifest::from_reader(blob(layout, image).as_slice()).unwrap())
}

fn layer(layout: &Path) -> Vec<u8> {
    let (_, manifest) = manifest(layout);
    let [layer] = manifest.layers().as_slice() else { panic!("{manifest:?}") };
    assert_eq!(layer.media_type(), &MediaType::ImageLayerGzip);
    let mut tar = Vec::new();
    GzDecoder::new(blob(layout, layer).as_slice()).read_to_end(&mut tar).unwrap();
    tar
}

#[test]
fn every_document_of_the_layout_is_valid_and_every_digest_holds() {
    let folder = amd64();
    let layout = folder.path().join("image");
    assert_eq!(OciLayout::from_file(layout.join("oci-layout")).unwrap().image_layout_version(), "1.0.0");
    let (image, manifest) = manifest(&layout);
    assert_eq!(image.media_type(), &MediaType::ImageManifest);
    assert_eq!(image.annotations().as_ref().unwrap()["org.opencontainers.image.ref.name"], VERSION);
    let platform = image.platform().as_ref().unwrap();
    assert_eq!((platform.architecture().to_string(), platform.os().to_string()), ("amd64".into(), "linux".into()));

    let config = ImageConfiguration::from_reader(blob(&layout, manifest.config()).as_slice()).unwrap();
    assert_eq!(config.rootfs().diff_ids(), &[digest(&layer(&layout))]);
    assert_eq!(config.architecture().to_string(), "amd64");
    let run = config.config().as_ref().unwrap();
    assert_eq!(run.user().as_deref(), Some("65532:65532"));
    assert_eq!(run.entrypoint().as_deref(), Some(&["/image-integrity".to_owned()][..]));
    assert!(run.cmd().is_none());
    for facts in [run.labels(), manifest.annotations()] {
        let facts = facts.as_ref().unwrap();
        assert_eq!(facts["org.opencontainers.image.version"], VERSION);
        assert_eq!(facts["org.opencontainers.image.licenses"], "Apache-2.0");
        assert_eq!(facts["org.opencontainers.image.source"], "https://git.example/image-integrity");
    }
    assert_eq!(fs::read_dir(layout.join("blobs/sha256")).unwrap().count(), 3);
}

#[test]
fn a_layer_holds_the_binary_its_licence_and_cas_and_nothing_else() {
    let folder = amd64();
    let tar = layer(&folder.path().join("image"));
    let mut archive = tar::Archive::new(tar.as_slice());
    let mut entries = Vec::new();
    let mut cas = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let (path, header) = (entry.path().unwrap().display().to_string(), entry.header());
        let (mode, owner) = (header.mode().unwrap(), (header.uid().unwrap(), header.gid().unwrap()));
        assert_eq!((owner, header.mtime().unwrap()), ((0, 0), 0), "{path}");
        if path == "etc/ssl/certs/ca-certificates.crt" {
            entry.read_to_string(&mut cas).unwrap();
        }
        entries.push((path, mode));
    }
    let expected = [
        ("LICENSE", 0o644),
        ("etc/", 0o755),
        ("etc/ssl/", 0o755),
        ("etc/ssl/certs/", 0o755),
        ("etc/ssl/certs/ca-certificates.crt", 0o644),
        ("image-integrity", 0o755),
    ];
    assert_eq!(entries, expected.map(|(path, mode)| (path.to_owned(), mode)));
    assert_eq!(cas.matches("-----BEGIN CERTIFICATE-----\n").count(), TLS_SERVER_ROOT_CERTS.len());
    assert!(cas.lines().all(|line| (1..=64).contains(&line.len())));
}

#[test]
fn the_same_binary_gives_the_same_bytes_and_another_does_not() {
    let (one, two) = (amd64(), amd64());
    assert_eq!(files(one.path()), files(two.path()));
    let mut other = program(MACHINE_AMD64, SEGMENT_LOAD);
    other.push(0);
    let other = made(&other, Some("https://git.example/image-integrity"));
    assert_ne!(files(one.path()), files(other.path()));
}

#[test]
fn the_tar_file_holds_the_same_layout_with_the_name_that_docker_gives_it() {
    let folder = amd64();
    let layout = folder.path().join("image");
    let unpacked = folder.path().join("unpacked");
    tar::Archive::new(File::open(folder.path().join("image.tar")).unwrap()).unpack(&unpacked).unwrap();
    assert_eq!(files(&unpacked), files(&layout));
    let named: serde_json::Value = serde_json::from_slice(&fs::read(unpacked.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(named[0]["RepoTags"], serde_json::json!([format!("image-integrity:{VERSION}")]));
    let (_, manifest) = manifest(&layout);
    let path = |descriptor: &Descriptor| format!("blobs/sha256/{}", descriptor.digest().digest());
    assert_eq!(named[0]["Config"], path(manifest.config()));
    assert_eq!(named[0]["Layers"], serde_json::json!([path(&manifest.layers()[0])]));
}

#[test]
fn the_architecture_is_the_binary_s() {
    let folder = made(&program(MACHINE_ARM64, SEGMENT_LOAD), None);
    let (image, _) = manifest(&folder.path().join("image"));
    assert_eq!(image.platform().as_ref().unwrap().architecture().to_string(), "arm64");
}

#[test]
fn a_binary_that_could_not_run_alone_is_refused() {
    for (binary, reason) in [
        (program(MACHINE_AMD64, SEGMENT_INTERPRETER), BinaryError::Dynamic),
        (program(40, SEGMENT_LOAD), BinaryError::OtherMachine(40)),
        (b"#!/bin/sh\n".to_vec(), BinaryError::OtherFormat),
        (program(MACHINE_AMD64, SEGMENT_LOAD)[..100].to_vec(), BinaryError::OtherFormat),
    ] {
        assert_eq!(Architecture::of(&binary), Err(reason));
    }
}

#[test]
fn a_layout_is_replaced_and_no_other_folder() {
    let folder = amd64();
    let (binary, layout) = (folder.path().join("binary"), folder.path().join("image"));
    fs::write(layout.join("old"), "").unwrap();
    build(&binary, &layout, None).unwrap();
    assert!(!layout.join("old").exists());
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let refused = build(&binary, &other, None).unwrap_err();
    assert!(matches!(refused, Error::Occupied(_)), "{refused}");
}

/// What is in the files of a folder, by path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(path).unwrap());
        }
    }
    found
}
