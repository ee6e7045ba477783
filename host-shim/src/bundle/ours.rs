//! What every bundle holds of our own: Rego helpers for admission policies, a mask for decision logs, and their tests.

use super::Members;

/// A path that our own files and the module own.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) path: &'static str,
    /// What is there, for people.
    pub(super) why: &'static str,
}

/// No other bundle can define a rule at the entrypoint's path, where it would silently win over the module.
pub(super) const ROOTS: [Root; 2] = [
    Root { path: "image_integrity", why: "a rule of yours there would silently stand in for the verdict" },
    Root { path: "system/log", why: "its mask keeps evidence out of decision logs" },
];

macro_rules! rego {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../../../rego/bundle/", $name)))),*] };
}

const REGO: [(&str, &str); 4] = rego![
    "image_integrity/admission.rego",
    "image_integrity/admission_test.rego",
    "image_integrity/mask_test.rego",
    "system/log/mask.rego",
];

pub(super) fn members() -> Members {
    REGO.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_owned())).collect()
}

/// Whether a file of ours has this name.
pub(super) fn is_taken(name: &str) -> bool {
    REGO.iter().any(|(ours, _)| *ours == name)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn collect(folder: &Path, prefix: &str, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &format!("{name}/"), names);
            } else {
                names.insert(name);
            }
        }
    }

    #[test]
    fn every_file_of_the_bundles_folder_is_packed() {
        let mut names = BTreeSet::new();
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../rego/bundle"), "", &mut names);
        assert_eq!(members().into_keys().collect::<BTreeSet<_>>(), names);
    }
}
