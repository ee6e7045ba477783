//! The images that Kubernetes manifests would run, with every place that names them.
//!
//! Of the workload kinds of Kubernetes the pod's spec is where their API has it, and is read strictly. Objects of other kinds are searched for what looks
//! like a pod's spec, as a Rollout of Argo or a Service of Knative holds one, and that is read in the same way. Mistakes are told at once, with file, line
//! and field: an image that is misread would not be verified.

mod object;
mod pod;

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    path::PathBuf,
    sync::Arc,
};

use wasm_policy::text::shown;

use crate::{
    reference::Reference,
    sources::{
        self, SourceText,
        field::Field,
        finding::{Findings, Mistakes, Notes, Place},
    },
    yaml,
};

/// Places that name an image. As many as the module judges images in one call.
const MAX_USES: usize = 10_000;

/// Values in one file. What a chart renders to is often one file, with definitions of custom resources of some 100,000 values in it.
const MAX_VALUES: usize = 400_000;

/// What some manifests would run.
#[derive(Clone, Debug)]
pub struct Manifests {
    /// Each once, in the order in which they are first named; there is at least one.
    pub images: Vec<Found>,
    /// What is left out, and where it is written.
    pub notes: Notes,
}

/// An image, and where it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In full.
    pub image: Reference,
    /// As it is first written.
    pub name: String,
    /// There is at least one.
    pub uses: Vec<Use>,
}

/// One place that names an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Kind, namespace and name, as `Deployment default/web`.
    pub object: Arc<str>,
    /// As `container app`.
    pub part: String,
    /// The file as it was named, or `-` for standard input.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} ({}:{})", self.object, self.part, shown(&self.file), self.line)
    }
}

impl Manifests {
    /// Reads files, folders (every `.yaml`, `.yml` and `.json` in them, not their own folders) and, as `-`, standard input.
    ///
    /// # Errors
    /// Every mistake at once; that no image is named is one, since nothing would be verified.
    pub fn load(sources: &[PathBuf]) -> Result<Self, Mistakes> {
        let findings = Findings::default();
        let texts = sources::read(sources, &findings);
        Self::read(&texts, findings)
    }

    fn read(texts: &[SourceText], findings: Findings) -> Result<Self, Mistakes> {
        let mut images = Images::default();
        let limits = yaml::Limits { nodes: MAX_VALUES, ..yaml::Limits::default() };
        for source in texts {
            match yaml::documents(&source.text, limits) {
                // A file without documents is nothing to `kubectl`, too: charts render to such files.
                Ok(documents) => {
                    for document in &documents {
                        object::read(&Field::document(document, &source.name, &findings), &mut images);
                    }
                }
                Err(faults) => {
                    for fault in faults {
                        findings.mistake(Place::fault(&source.name, &fault), fault.message);
                    }
                }
            }
        }
        if images.found.is_empty() && findings.count() == 0 {
            findings.mistake(Place::files(texts), images.none());
        }
        let notes = findings.into_result()?;
        Ok(Self { images: images.found, notes })
    }
}

/// Collects the images of all files.
#[derive(Debug, Default)]
struct Images {
    found: Vec<Found>,
    /// Where each is in `found`.
    index: HashMap<Reference, usize>,
    uses: usize,
    /// The first part of a pod without an image.
    without: Option<Place>,
}

impl Images {
    /// Takes the value of an `image` or `reference`, or tells what is wrong with it.
    fn add(&mut self, object: &Arc<str>, part: String, image: &Field<'_>) {
        let Some(name) = image.string() else { return };
        // OpenShift's controllers put an image in the place of a space.
        if name.trim().is_empty() {
            return self.left_open(&part, image);
        }
        let reference = match name.parse::<Reference>() {
            Ok(reference) => reference,
            Err(error) => return image.mistake(error.to_string()),
        };
        if self.uses == MAX_USES {
            return image.mistake(format!("more than {MAX_USES} images are named; give fewer files in one call"));
        }
        self.uses += 1;
        let Place { file, line, .. } = image.place();
        let used = Use { object: Arc::clone(object), part, file, line: line.unwrap_or(1) };
        match self.index.entry(reference.clone()) {
            Entry::Occupied(at) => {
                if let Some(found) = self.found.get_mut(*at.get()) {
                    found.uses.push(used);
                }
            }
            Entry::Vacant(vacant) => {
                vacant.insert(self.found.len());
                self.found.push(Found { image: reference, name, uses: vec![used] });
            }
        }
    }

    /// Notes that a part of a pod has no image: Kubernetes lets controllers and webhooks put one there, and which one is not known here.
    fn left_open(&mut self, part: &str, at: &Field<'_>) {
        at.note(format!("{part} has no image here; the one that a controller puts there is not verified"));
        self.without.get_or_insert_with(|| at.place());
    }

    fn none(&self) -> String {
        let no_image = "no image is named, so nothing would be verified";
        match &self.without {
            Some(place) => format!("{no_image}; {} leaves it to a controller", place.line_of_file()),
            None => no_image.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
