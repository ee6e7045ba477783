//! Watched files: what is read again, and what stays in force.

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;
use tokio::{sync::Notify, time::timeout};

use super::{
    super::super::tests::{AKS, ROOT, certificate_store, object, replaced, verifier},
    *,
};

const OTHER_STORE: &str = "{name: oras, parameters: {useHttp: true}}";

struct Watched {
    folder: TempDir,
    reload: Arc<Notify>,
    live: Live,
}

impl Watched {
    async fn start(text: &str, namespaced: NamespacedObjects) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), text).unwrap();
        let reload = Arc::new(Notify::new());
        let live = watch_files(vec![folder.path().to_owned()], namespaced, Arc::clone(&reload)).await.unwrap();
        Self { folder, reload, live }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("config.yaml")
    }

    /// The next snapshot.
    async fn next(&mut self) -> Arc<Snapshot> {
        timeout(Duration::from_mins(1), self.live.changed()).await.expect("a snapshot in time").unwrap();
        Arc::clone(&self.live.borrow_and_update())
    }
}

fn plain_http(snapshot: &Snapshot) -> bool {
    snapshot.of_cluster().configuration().unwrap().plain_http()
}

fn over_http() -> String {
    replaced(AKS, "  name: oras\n", "  name: oras\n  parameters: {useHttp: true}\n")
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_is_read_again_within_a_second_or_two() {
    let mut watched = Watched::start(AKS, NamespacedObjects::Add).await;
    let first = Arc::clone(&watched.live.borrow());
    assert_eq!((first.generation(), plain_http(&first), first.unready()), (1, false, [].as_slice()));
    fs::write(watched.file(), over_http()).unwrap();
    let second = watched.next().await;
    assert_eq!((second.generation(), plain_http(&second)), (2, true));
    assert!(!plain_http(&first));
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_link_that_is_swapped_is_a_change_as_in_a_config_maps_volume() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (version, text) in [("..1", AKS.to_owned()), ("..2", over_http())] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("config.yaml"), text).unwrap();
    }
    symlink("..1", path("..data")).unwrap();
    symlink("..data/config.yaml", path("config.yaml")).unwrap();
    let mut live = watch_files(vec![folder.path().to_owned()], NamespacedObjects::Add, Arc::default()).await.unwrap();
    assert!(!plain_http(&live.borrow()));
    symlink("..2", path("..next")).unwrap();
    fs::rename(path("..next"), path("..data")).unwrap();
    timeout(Duration::from_mins(1), live.changed()).await.unwrap().unwrap();
    assert!(plain_http(&live.borrow()));
}

#[tokio::test(start_paused = true)]
async fn a_text_with_mistakes_leaves_the_last_good_snapshot_in_force_and_is_told_once() {
    let log = Log::default();
    let _guard = log.listen();
    let mut watched = Watched::start(AKS, NamespacedObjects::Add).await;
    fs::write(watched.file(), replaced(AKS, "provider: inline", "provider: inlin")).unwrap();
    watched.reload.notify_one();
    log.until("has mistakes").await;
    // Long enough for the file to be read several times more.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(log.lines_with("has mistakes"), 1);
    assert!(log.text().contains("unknown provider \"inlin\"; did you mean \"inline\"?"), "{}", log.text());
    assert!(!watched.live.has_changed().unwrap());
    let kept = Arc::clone(&watched.live.borrow());
    assert_eq!((kept.generation(), kept.unready()), (1, [].as_slice()));
    assert!(kept.of_cluster().configuration().is_ok());
    // And a file that is gone is a mistake too, not an empty configuration.
    fs::remove_file(watched.file()).unwrap();
    log.until("holds no file").await;
    fs::write(watched.file(), over_http()).unwrap();
    assert_eq!(watched.next().await.generation(), 2);
}

#[tokio::test]
async fn a_first_text_with_mistakes_is_refused_with_every_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.yaml");
    fs::write(&path, object("Store", "a", "{name: x}") + &object("Policy", "b", "{type: y}")).unwrap();
    let mistakes = watch_files(vec![path], NamespacedObjects::Add, Arc::default()).await.unwrap_err();
    assert_eq!(mistakes.mistakes.len(), 3, "{mistakes}");
    let stdin = watch_files(vec!["-".into()], NamespacedObjects::Add, Arc::default()).await.unwrap_err();
    assert_eq!(stdin.to_string(), "-: standard input cannot be read again when it changes; name a file or folder");
}

#[tokio::test]
async fn a_configuration_without_a_verifier_of_the_cluster_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.yaml");
    fs::write(&path, object("Store", "a", "{name: oras}")).unwrap();
    let mistakes = watch_files(vec![path.clone()], NamespacedObjects::Add, Arc::default()).await.unwrap_err();
    assert_eq!(mistakes.to_string(), format!("{}: {NO_VERIFIER}", Path::new(&path).display()));
}

#[tokio::test]
async fn a_namespace_has_a_scope_of_its_own_only_where_objects_of_it_apply() {
    let text = format!(
        "{AKS}{}{}",
        object("NamespacedStore", "team-a/s", OTHER_STORE),
        certificate_store("team-b/unused", ROOT),
    );
    let watched = Watched::start(&text, NamespacedObjects::Add).await;
    let snapshot = Arc::clone(&watched.live.borrow());
    let own = snapshot.of_namespace("team-a");
    assert_eq!(own.namespace(), Some("team-a"));
    assert!(own.configuration().unwrap().plain_http());
    for other in ["team-b", "default", ""] {
        assert!(Arc::ptr_eq(snapshot.of_namespace(other), snapshot.of_cluster()));
    }
    assert_eq!(snapshot.of_cluster().namespace(), None);
    assert!(!plain_http(&snapshot));
}

#[tokio::test]
async fn a_namespaces_verifiers_add_to_the_clusters_unless_they_may_replace_them() {
    let text = format!(
        "{AKS}{}{}{}",
        object("Policy", "ratify-policy", "{type: config-policy}"),
        object(
            "NamespacedPolicy",
            "team-b/ratify-policy",
            "{type: config-policy, parameters: {artifactVerificationPolicies: {default: any}}}"
        ),
        verifier("NamespacedVerifier", "team-a/v", "team-a/c") + &certificate_store("team-a/c", ROOT),
    );
    for (namespaced, expected) in [
        (NamespacedObjects::Add, ["verifier-notary-inline", "team-a/v"].as_slice()),
        (NamespacedObjects::Replace, ["team-a/v"].as_slice()),
    ] {
        let watched = Watched::start(&text, namespaced).await;
        let snapshot = Arc::clone(&watched.live.borrow());
        let config = snapshot.of_namespace("team-a").configuration().unwrap().config();
        let names: Vec<_> = config.verifiers.iter().map(|verifier| verifier.name.as_str()).collect();
        assert_eq!(names, expected);
        // A Policy alone replaces nothing.
        let policy = snapshot.of_namespace("team-b").configuration().unwrap().config().policy.clone().unwrap();
        assert_eq!(policy.artifact_verification_policies["default"], "all");
    }
}
