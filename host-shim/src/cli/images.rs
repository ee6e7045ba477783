//! Which images are asked about: those of the command line, then those of manifests that are not among them.

use std::{collections::HashMap, path::PathBuf};

use super::{exit::Stop, terminal::Terminal};
use crate::{
    manifests::{Found, Manifests, Use},
    presenter::Origin,
    reference::{ImageSource, Reference},
};

/// An image that is asked about.
pub(super) struct Wanted {
    pub(super) source: ImageSource,
    /// As it was written.
    pub(super) name: String,
    pub(super) origins: Vec<Origin>,
}

/// Reads what was named, and tells the notes on manifests.
pub(super) fn wanted(
    images: Vec<String>,
    filenames: &[PathBuf],
    known_as: Option<&Reference>,
    terminal: Terminal,
) -> Result<Vec<Wanted>, Stop> {
    if images.is_empty() && filenames.is_empty() {
        return Err(Stop::usage(
            "no image is named",
            "give IMAGE…, or --filename FILE|DIR with Kubernetes manifests that name images",
        ));
    }
    if known_as.is_some() && !filenames.is_empty() {
        return Err(Stop::usage(
            "--as names an image layout, and manifests name images of registries",
            "leave out one of --as and --filename",
        ));
    }
    if known_as.is_some() && images.len() > 1 {
        return Err(Stop::usage("--as names one image, and several are given", "verify them one at a time"));
    }
    let mut wanted = Vec::new();
    for name in images {
        let source = ImageSource::parse(&name, known_as).map_err(|error| {
            Stop::usage(
                error.to_string(),
                "write registry/repository:tag, registry/repository@sha256:… or oci:PATH:TAG",
            )
        })?;
        wanted.push(Wanted { source, name, origins: Vec::new() });
    }
    if !filenames.is_empty() {
        add(&mut wanted, read(filenames, terminal)?);
    }
    Ok(wanted)
}

fn read(filenames: &[PathBuf], terminal: Terminal) -> Result<Vec<Found>, Stop> {
    let Manifests { images, notes } = Manifests::load(filenames).map_err(|mistakes| {
        Stop::usage(
            format!("the manifests cannot be used\n{mistakes}"),
            "--filename takes Kubernetes manifests as `kubectl apply` does: rendered, without anchors",
        )
    })?;
    for line in notes.lines() {
        terminal.note(&line);
    }
    Ok(images)
}

/// An image that the command line names as well is one image.
fn add(wanted: &mut Vec<Wanted>, found: Vec<Found>) {
    let named: Vec<_> = wanted.iter().map(|wanted| wanted.source.clone()).collect();
    let named: HashMap<_, _> =
        named.iter().enumerate().rev().filter_map(|(at, source)| Some((registry(source)?, at))).collect();
    for Found { image, name, uses } in found {
        let origins = uses.iter().map(origin).collect();
        match named.get(&image).and_then(|at| wanted.get_mut(*at)) {
            Some(wanted) => wanted.origins = origins,
            None => wanted.push(Wanted { source: ImageSource::Registry(image), name, origins }),
        }
    }
}

fn registry(source: &ImageSource) -> Option<&Reference> {
    match source {
        ImageSource::Registry(reference) => Some(reference),
        ImageSource::Layout(_) => None,
    }
}

fn origin(Use { object, part, file, line }: &Use) -> Origin {
    Origin { object: format!("{object}, {part}"), file: file.to_string(), line: *line }
}
