//! Files that hold others: Gatekeeper's template with its Rego, the Azure Policy definition with that template, and what the Helm chart takes along.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{DocumentsError, pretty};

const TEMPLATE: &str = "rego/gatekeeper/template.yaml";
const EXPANSION: &str = "rego/gatekeeper/expansion.yaml";
const CRDS: &str = "deploy/crds";
const CHART: &str = "deploy/charts/image-integrity";
const AZURE: &str = "deploy/azure-policy";

/// A line of a skeleton that stands for the text of a file, which takes its indentation.
const INCLUDE: &str = "@include ";

/// The files by their paths in the workspace.
pub(super) fn files(root: &Path) -> Result<Vec<(String, String)>, DocumentsError> {
    let workspace = Workspace(root);
    let template = workspace.template()?;
    let rules = workspace.rules(&template)?;
    let mut files = vec![
        (format!("{AZURE}/definition.json"), pretty(&workspace.definition(&rules)?)),
        (format!("{AZURE}/initiative.json"), pretty(&workspace.initiative()?)),
        (format!("{AZURE}/rules.json"), pretty(&rules)),
        (format!("{CHART}/files/constrainttemplate.yaml"), template.clone()),
        (format!("{CHART}/files/expansion.yaml"), workspace.text(EXPANSION)?),
        (TEMPLATE.to_owned(), template),
    ];
    for name in workspace.names(CRDS)? {
        files.push((format!("{CHART}/crds/{name}"), workspace.text(&format!("{CRDS}/{name}"))?));
    }
    Ok(files)
}

struct Workspace<'a>(&'a Path);

impl Workspace<'_> {
    fn template(&self) -> Result<String, DocumentsError> {
        let mut text = String::new();
        for line in self.text("rego/gatekeeper/template.skeleton.yaml")?.lines() {
            match line.split_once(INCLUDE) {
                Some((indentation, path)) if indentation.trim().is_empty() => {
                    for line in self.text(path)?.lines() {
                        text.extend([if line.is_empty() { "" } else { indentation }, line, "\n"]);
                    }
                }
                _ => text.extend([line, "\n"]),
            }
        }
        Ok(text)
    }

    /// With the template in them.
    fn rules(&self, template: &str) -> Result<Value, DocumentsError> {
        let name = "rules.skeleton.json";
        let mut rules = self.json(name)?;
        let content = rules.pointer_mut("/then/details/templateInfo/content");
        let missing = || failed(self.0.join(AZURE).join(name), io::Error::other("there is no templateInfo.content"));
        *content.ok_or_else(missing)? = BASE64_STANDARD.encode(template).into();
        Ok(rules)
    }

    /// The whole of it, as Bicep and Terraform take it; `az` takes the rules and the parameters each from a file of its own.
    fn definition(&self, rules: &Value) -> Result<Value, DocumentsError> {
        Ok(json!({ "properties": {
            "displayName": "Kubernetes clusters should only run images with a verified signature",
            "description": "Verifies the signatures of the images of Pods with Image Integrity, which is installed by its Helm chart.",
            "policyType": "Custom",
            "mode": "Microsoft.Kubernetes.Data",
            "metadata": { "version": "1.0.0", "category": "Kubernetes" },
            "parameters": self.json("parameters.json")?,
            "policyRule": rules,
        } }))
    }

    fn initiative(&self) -> Result<Value, DocumentsError> {
        Ok(json!({ "properties": {
            "displayName": "Run only images with a verified signature",
            "description": "Installs the Azure Policy add-on, and verifies the signatures of the images of Pods with Image Integrity.",
            "policyType": "Custom",
            "metadata": { "version": "1.0.0", "category": "Kubernetes" },
            "parameters": self.json("initiative-parameters.json")?,
            "policyDefinitions": self.json("initiative-definitions.json")?,
        } }))
    }

    fn json(&self, name: &str) -> Result<Value, DocumentsError> {
        let path = format!("{AZURE}/{name}");
        let text = self.text(&path)?;
        serde_json::from_str(&text).map_err(|error| failed(self.0.join(path), error.into()))
    }

    fn text(&self, path: &str) -> Result<String, DocumentsError> {
        let path = self.0.join(path);
        fs::read_to_string(&path).map_err(|error| failed(path, error))
    }

    /// The names of the files of a folder, in order; none where there is no such folder.
    fn names(&self, folder: &str) -> Result<Vec<String>, DocumentsError> {
        let path = self.0.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(path, error)),
        };
        let names: io::Result<Vec<_>> =
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
        let mut names = names.map_err(|error| failed(path, error))?;
        names.sort();
        Ok(names)
    }
}

fn failed(path: PathBuf, error: io::Error) -> DocumentsError {
    DocumentsError::File { path, error }
}
