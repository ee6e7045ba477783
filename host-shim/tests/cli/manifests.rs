//! `-f`: the images of Kubernetes manifests, and `--output github`.

use std::fs;

use tempfile::TempDir;

use super::{Ended, ended, shim};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/demo");
/// Where no registry listens.
const IMAGE: &str = "localhost:1/app:v1";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      initContainers:
        - name: setup
          image: localhost:1/app:v1
      containers:
        - name: app
          image: localhost:1/app:v1
        - name: side
          image: localhost:1/side:v1
";

/// A folder with `k8s/web.yaml` and the other files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("k8s")).unwrap();
    for (name, text) in [("k8s/web.yaml", DEPLOYMENT)].iter().chain(files) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Runs a command in the folder, under the demo's configuration.
fn asked(command: &str, folder: &TempDir, args: &[&str], input: &str) -> Ended {
    let config = format!("{DEMO}/verify-config.yaml");
    let given = [command, "--config", &config, "--plain-http"].into_iter().chain(args.iter().copied());
    let mut command = shim(given);
    command.current_dir(folder.path());
    ended(command, input)
}

fn verify(folder: &TempDir, args: &[&str]) -> Ended {
    asked("verify", folder, args, "")
}

#[test]
fn each_image_of_manifests_is_judged_once_and_told_with_the_objects_that_name_it() {
    let ended = verify(&folder(&[]), &["-f", "k8s/"]);
    assert_eq!((ended.code, ended.err.as_str()), (2, ""), "{}", ended.out);
    let app = "\
? localhost:1/app:v1  transient  REGISTRY_UNAVAILABLE
  from         Deployment web, init container setup (k8s/web.yaml:10)
               Deployment web, container app (k8s/web.yaml:13)
";
    let side = "
? localhost:1/side:v1  transient  REGISTRY_UNAVAILABLE
  from         Deployment web, container side (k8s/web.yaml:15)
";
    assert!(ended.out.starts_with(app) && ended.out.contains(side), "{}", ended.out);
    assert_eq!(ended.out.lines().filter(|line| line.starts_with('?')).count(), 2, "{}", ended.out);
}

#[test]
fn images_of_the_command_line_come_first_and_are_not_told_twice() {
    let signed = format!("oci:{DEMO}/layout:signed");
    let ended = verify(&folder(&[]), &["--filename", "k8s/web.yaml", &signed, "localhost:1/side:v1"]);
    assert_eq!(ended.code, 2);
    let headings: Vec<_> = ended.out.lines().filter(|line| line.starts_with(['✓', '?'])).collect();
    assert_eq!(
        headings,
        [
            format!("✓ {signed}  verified  VERIFIED").as_str(),
            "? localhost:1/side:v1  transient  REGISTRY_UNAVAILABLE",
            "? localhost:1/app:v1  transient  REGISTRY_UNAVAILABLE",
        ]
    );
    assert!(ended.out.contains("  from         Deployment web, container side (k8s/web.yaml:15)\n"), "{}", ended.out);
}

#[test]
fn manifests_come_from_standard_input_too_and_can_be_fetched() {
    let folder = folder(&[]);
    let verified = asked("verify", &folder, &["-f", "-"], DEPLOYMENT);
    assert_eq!(verified.code, 2);
    assert!(verified.out.contains("  from         Deployment web, container side (-:15)\n"), "{}", verified.out);
    let now = ["--now", "2026-11-24T12:00:00Z"];
    let fetched = asked("fetch", &folder, &["-f", "-", now[0], now[1]], DEPLOYMENT);
    assert_eq!(fetched.code, 0, "{}", fetched.err);
    assert!(fetched.out.contains(r#""localhost:1/app:v1":{"#), "{}", fetched.out);
    let json = asked("verify", &folder, &["-f", "-", now[0], now[1], "--output", "json"], DEPLOYMENT);
    assert_eq!(json.out.as_bytes(), [wasm_policy::verify(fetched.out.trim_end().as_bytes()), b"\n".to_vec()].concat());
}

#[cfg(unix)]
#[test]
fn a_reader_that_went_away_has_no_evidence_and_ends_with_74() {
    let folder = folder(&[]);
    let config = format!("{DEMO}/verify-config.yaml");
    let mut command = shim(["fetch", "--config", &config, "--plain-http", "-f", "k8s"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command.current_dir(folder.path()).stdout(writer).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{told}");
    assert_eq!(told, "error: cannot write to standard output: Broken pipe (os error 32)\n");
}

#[test]
fn a_list_in_the_environment_is_read() {
    let folder = folder(&[]);
    let mut command = shim(["verify", "--config", &format!("{DEMO}/verify-config.yaml"), "--plain-http"]);
    command.current_dir(folder.path()).env("IMAGE_INTEGRITY_FILENAME", "k8s/web.yaml:k8s");
    let ended = ended(command, "");
    assert_eq!(ended.code, 2, "{}", ended.err);
    assert!(ended.out.contains("side (k8s/web.yaml:15)\n               Deployment web, "), "{}", ended.out);
}

#[test]
fn manifests_that_cannot_be_used_end_with_64_and_nothing_is_asked() {
    let folder = folder(&[
        ("none.yaml", "apiVersion: v1\nkind: ConfigMap\n"),
        ("empty.yaml", ""),
        ("chart.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n"),
        ("anchor.yaml", "apiVersion: v1\nkind: Pod\nspec: &a {containers: []}\n"),
    ]);
    fs::create_dir(folder.path().join("nothing")).unwrap();
    fs::File::create(folder.path().join("huge.yaml")).unwrap().set_len(100 << 20).unwrap();
    for (args, told) in [
        (&["-f", "none.yaml"][..], "none.yaml: no image is named, so nothing would be verified"),
        (&["-f", "empty.yaml", IMAGE], "empty.yaml: no image is named, so nothing would be verified"),
        (
            &["-f", "nothing"],
            "nothing: the folder holds no file that ends in .yaml, .yml or .json; its own folders are not read",
        ),
        (&["-f", "missing.yaml"], "missing.yaml: cannot be read: No such file or directory (os error 2)"),
        (&["-f", "huge.yaml"], "huge.yaml: the files are larger than 16 MiB in all; name only those that are needed"),
        (
            &["-f", "chart.yaml"],
            "chart.yaml:4: this is a template that has not been rendered; render it first, as with `helm template`",
        ),
        (&["-f", "anchor.yaml"], "anchor.yaml:3: spec: anchors (`&name`) are not accepted; write the value out"),
        (&["-f", "-", "-f", "-"], "-: standard input can be read only once; name it once"),
    ] {
        for command in ["verify", "fetch"] {
            let ended = asked(command, &folder, args, DEPLOYMENT);
            let next = "→ --filename takes Kubernetes manifests as `kubectl apply` does: rendered, without anchors";
            let expected = format!("error: the manifests cannot be used\n{told}\n  {next}\n");
            assert_eq!((ended.code, ended.out.as_str(), ended.err), (64, "", expected), "{args:?}");
        }
    }
    for (args, told) in [
        (
            &["--config", "-", "-f", "-"][..],
            "error: standard input can be read only once, and `-` is given to --config and to --filename\n",
        ),
        (
            &["-f", "k8s", "--as", "a.example/b"],
            "error: --as names an image layout, and manifests name images of registries\n",
        ),
    ] {
        let ended = verify(&folder, args);
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{args:?}");
        assert!(ended.err.starts_with(told), "{}", ended.err);
    }
}

#[test]
fn a_container_without_an_image_is_told_on_standard_error() {
    let text = DEPLOYMENT.replacen("          image: localhost:1/app:v1\n", "", 1);
    let ended = asked("verify", &folder(&[]), &["-f", "-"], &text);
    assert_eq!(ended.code, 2);
    assert_eq!(
        ended.err,
        "note: -:9: spec.template.spec.initContainers[0]: init container setup has no image here; \
         the one that a controller puts there is not verified\n"
    );
}

#[test]
fn github_shows_the_text_and_an_annotation_at_each_line() {
    let folder = folder(&[]);
    let text = verify(&folder, &["-f", "k8s/"]).out;
    let ended = verify(&folder, &["-f", "k8s/", "--output", "github", "oci:missing"]);
    assert_eq!(ended.code, 2);
    assert!(ended.out.contains(&text), "{}", ended.out);
    let annotations: Vec<_> = ended.out.lines().filter(|line| line.starts_with("::")).collect();
    for (annotation, start) in annotations.iter().zip([
        "::error title=LAYOUT_",
        "::error file=k8s/web.yaml,line=10,title=REGISTRY_UNAVAILABLE::localhost:1/app:v1 in Deployment web, init container setup: ",
        "::error file=k8s/web.yaml,line=15,title=REGISTRY_UNAVAILABLE::localhost:1/side:v1 in Deployment web, container side: ",
        "::error file=k8s/web.yaml,line=13,title=REGISTRY_UNAVAILABLE::localhost:1/app:v1 in Deployment web, container app: ",
    ]) {
        assert!(annotation.starts_with(start), "{annotation}");
    }
    assert_eq!(annotations.len(), 4, "{}", ended.out);
}

#[test]
fn a_verified_image_has_no_annotation() {
    let signed = format!("oci:{DEMO}/layout:signed");
    let ended = verify(&folder(&[]), &["--output", "github", &signed]);
    assert_eq!(ended.code, 0);
    assert!(!ended.out.contains("::"), "{}", ended.out);
}

#[test]
fn no_text_of_others_is_a_command_to_a_ci_system() {
    // The first word of a wrapped line, and what would be obeyed anywhere in a line.
    let name = "##[error]x ##vso[task.setvariable variable=a]b";
    let text = DEPLOYMENT.replace("name: web", &format!("name: \"{name}\"")).replacen(IMAGE, "\"::error::x\"", 1);
    let refused = asked("verify", &folder(&[]), &["-f", "-"], &text);
    assert_eq!(refused.code, 64);
    let good = DEPLOYMENT.replace("name: web", &format!("name: \"{name}\""));
    let told = asked("verify", &folder(&[]), &["-f", "-"], &good);
    assert_eq!(told.code, 2);
    assert!(told.out.contains("#\\u{23}[error]x #\\u{23}vso[task"), "{}", told.out);
    for line in [refused.out, refused.err, told.out, told.err].iter().flat_map(|text| text.lines()) {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##"), "{line}");
    }
}

#[test]
fn mistakes_of_a_configuration_are_annotations_too() {
    let folder = folder(&[("bad.yaml", "apiVersion: config.ratify.deislabs.io/v1beta1\nkind: Verifyer\n")]);
    let mut command = shim(["config", "check", "--output", "github", "bad.yaml"]);
    command.current_dir(folder.path());
    let ended = ended(command, "");
    assert_eq!(ended.code, 1);
    let expected = "::error file=bad.yaml,line=2,title=configuration::kind: unknown kind \"Verifyer\" of config.ratify.deislabs.io; did you mean \"Verifier\"?\n";
    assert!(ended.out.ends_with(expected), "{}", ended.out);
}
