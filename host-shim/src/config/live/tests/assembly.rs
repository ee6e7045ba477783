//! What is in force, and what is said of it, after changes of a cluster's objects.

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    super::super::{
        Logins, SecretName, ServiceAccountName,
        object::Kind,
        tests::{CHAIN, ROOT},
    },
    super::cluster::{
        assembly::{Assembly, Change, NewStatus},
        seen::{self, Seen},
        served::Served,
    },
    objects::*,
    *,
};

/// A cluster, and the last that came of it.
struct Cluster {
    assembly: Assembly,
    snapshot: Arc<Snapshot>,
    statuses: Vec<NewStatus>,
    relist: Vec<Kind>,
    seconds: i64,
}

impl Cluster {
    fn new(objects: &[Value]) -> Self {
        Self::with(NamespacedObjects::Add, objects)
    }

    fn with(mode: NamespacedObjects, objects: &[Value]) -> Self {
        let mut assembly = Assembly::new("security", mode);
        let listed = Kind::ALL.into_iter().map(|kind| list(kind, objects)).collect();
        let outcome = assembly.step(listed, Timestamp::UNIX_EPOCH);
        let relist = outcome.relist.into_iter().collect();
        Self { assembly, snapshot: outcome.snapshot.unwrap(), statuses: outcome.statuses, relist, seconds: 0 }
    }

    /// Whether there was a new snapshot.
    fn change(&mut self, changes: Vec<Change>) -> bool {
        self.seconds += 60;
        let outcome = self.assembly.step(changes, Timestamp::from_second(self.seconds).unwrap());
        self.statuses = outcome.statuses;
        self.relist = outcome.relist.into_iter().collect();
        let is_new = outcome.snapshot.is_some();
        if let Some(snapshot) = outcome.snapshot {
            assert!(snapshot.generation() > self.snapshot.generation());
            self.snapshot = snapshot;
        }
        is_new
    }

    fn apply(&mut self, object: &Value) -> bool {
        self.change(vec![Change::Applied(Box::new(seen(object)))])
    }

    fn delete(&mut self, object: &Value) -> bool {
        self.change(vec![Change::Deleted(seen::identity(kind(object), &dynamic(object)).unwrap())])
    }

    /// What is said of an object in the last step.
    #[track_caller]
    fn said(&self, name: &str) -> &Value {
        let found = self.statuses.iter().find(|status| status.identity.to_string() == name);
        &found.unwrap_or_else(|| panic!("{name} is not among {:?}", self.statuses)).patch["status"]
    }

    fn cluster(&self) -> Result<&Configuration, &str> {
        self.snapshot.of_cluster().configuration()
    }

    fn namespace(&self, namespace: &str) -> Result<&Configuration, &str> {
        self.snapshot.of_namespace(namespace).configuration()
    }
}

fn kind(object: &Value) -> Kind {
    Kind::ALL.into_iter().find(|kind| object["kind"] == kind.name()).unwrap()
}

fn seen(object: &Value) -> Seen {
    Seen::new(kind(object), &dynamic(object)).unwrap()
}

fn list(of: Kind, objects: &[Value]) -> Change {
    let objects = objects.iter().filter(|object| kind(object) == of).map(seen).collect();
    Change::Listed { served: Arc::new(Served::for_tests(of)), objects }
}

fn good() -> Vec<Value> {
    vec![certificates("default/c"), verifier("v", "c"), store("s", json!({}))]
}

fn and(mut objects: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    objects.extend(more);
    objects
}

#[test]
fn good_objects_are_in_force_and_their_statuses_say_so() {
    let cluster = Cluster::new(&good());
    assert_eq!(cluster.cluster().unwrap().config().verifiers.len(), 1);
    assert!(cluster.snapshot.unready().is_empty());
    let plain = json!({ "issuccess": true, "error": null, "brieferror": null });
    assert_eq!((cluster.said("Verifier v"), cluster.said("Store s")), (&plain, &plain));
    assert_eq!(
        cluster.said("CertificateStore default/c"),
        &json!({ "issuccess": true, "error": null, "brieferror": null, "lastfetchedtime": "1970-01-01T00:00:00Z", "properties": null })
    );
}

#[test]
fn a_version_with_mistakes_is_told_in_the_status_and_the_last_good_one_stays_in_force() {
    let mut cluster = Cluster::new(&good());
    cluster.apply(&misspelt(verifier("v", "c")));
    assert!(cluster.cluster().is_ok());
    assert!(cluster.snapshot.unready().is_empty());
    assert_eq!(cluster.said("Verifier v"), &json!({ "issuccess": false, "error": MISSPELT, "brieferror": MISSPELT }));
    cluster.apply(&verifier("v", "c"));
    assert_eq!(cluster.said("Verifier v")["issuccess"], true);
}

#[test]
fn a_deletion_takes_effect_at_once_also_of_an_object_with_mistakes() {
    let mut cluster = Cluster::new(&good());
    let broken = misspelt(verifier("v", "c"));
    cluster.apply(&broken);
    assert!(cluster.cluster().is_ok());
    cluster.delete(&broken);
    assert_eq!(cluster.cluster().unwrap_err(), NO_VERIFIER);
    assert!(cluster.snapshot.unready().is_empty());
}

#[test]
fn what_a_list_does_not_hold_any_more_is_deleted() {
    let mut cluster = Cluster::new(&good());
    cluster.change(vec![list(Kind::Verifier, &[])]);
    assert_eq!(cluster.cluster().unwrap_err(), NO_VERIFIER);
}

#[test]
fn of_an_object_that_is_made_again_nothing_of_the_first_is_in_force() {
    let mut cluster = Cluster::new(&good());
    cluster.apply(&another(misspelt(verifier("v", "c"))));
    let reason = format!("Verifier v: {MISSPELT}");
    assert_eq!(cluster.cluster().unwrap_err(), reason);
    assert_eq!(cluster.snapshot.unready(), [reason]);
}

#[test]
fn a_broken_object_of_the_cluster_makes_every_scope_unusable() {
    let others = vec![
        object(Kind::Store, "s", json!({ "name": "orass" })),
        object(Kind::Policy, "ratify-policy", json!({ "type": "rego-policy" })),
        misspelt(verifier("w", "c")),
    ];
    for broken in others {
        let name = format!("{} {}: ", broken["kind"].as_str().unwrap(), broken["metadata"]["name"].as_str().unwrap());
        let objects = vec![certificates("default/c"), verifier("v", "c"), broken, namespaced_verifier("team-a/v", "c")];
        let cluster = Cluster::new(&objects);
        for reason in
            [cluster.cluster().unwrap_err(), cluster.namespace("team-a").unwrap_err(), &cluster.snapshot.unready()[0]]
        {
            assert!(reason.starts_with(&name), "{reason}");
        }
    }
}

#[test]
fn a_broken_trust_anchor_leaves_its_store_empty_and_the_verifier_in_force() {
    let broken =
        object(Kind::CertificateStore, "default/c", json!({ "provider": "inline", "parameters": { "value": "x" } }));
    let mut cluster = Cluster::new(&[broken, verifier("v", "c")]);
    let verifiers = &cluster.cluster().unwrap().config().verifiers;
    assert_eq!(verifiers[0].trust_stores, [("ca:certs".to_owned(), Vec::new())].into());
    assert!(cluster.snapshot.unready().is_empty());
    let said = cluster.said("CertificateStore default/c");
    assert_eq!((&said["issuccess"], &said["lastfetchedtime"]), (&json!(false), &json!("1970-01-01T00:00:00Z")));
    cluster.apply(&certificates("default/c"));
    assert_eq!(cluster.cluster().unwrap().config().verifiers[0].trust_stores["ca:certs"].len(), 1);
    assert_eq!(cluster.said("CertificateStore default/c")["lastfetchedtime"], "1970-01-01T00:01:00Z");
}

#[test]
fn a_store_that_is_missing_is_told_by_the_verifier_that_names_it_and_found_when_it_comes() {
    let mut cluster = Cluster::new(&[verifier("v", "c")]);
    assert_eq!(cluster.cluster().unwrap().config().verifiers[0].trust_stores["ca:certs"], Vec::<String>::new());
    assert_eq!(
        cluster.said("Verifier v")["error"],
        "spec.parameters.verificationCertStores.certs[0]: no CertificateStore or KeyManagementProvider \"c\""
    );
    cluster.apply(&certificates("default/c"));
    assert_eq!(cluster.cluster().unwrap().config().verifiers[0].trust_stores["ca:certs"].len(), 1);
    assert_eq!(cluster.said("Verifier v")["issuccess"], true);
}

#[test]
fn a_certificate_that_cannot_be_in_a_trust_store_is_not_put_in_it() {
    let leaf = CHAIN.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap();
    let leaf =
        object(Kind::CertificateStore, "default/c", json!({ "provider": "inline", "parameters": { "value": leaf } }));
    let cluster = Cluster::new(&[leaf, verifier("v", "c")]);
    assert_eq!(cluster.cluster().unwrap().config().verifiers[0].trust_stores["ca:certs"], Vec::<String>::new());
    assert_eq!(cluster.said("Verifier v")["issuccess"], false);
}

#[test]
fn a_bare_name_means_the_namespace_of_the_release() {
    for (namespace, found) in [("security", 1), ("default", 1), ("gatekeeper-system", 0), ("team-a", 0)] {
        let cluster = Cluster::new(&[certificates(&format!("{namespace}/c")), verifier("v", "c")]);
        let stores = &cluster.cluster().unwrap().config().verifiers[0].trust_stores;
        assert_eq!(stores["ca:certs"].len(), found, "{namespace}");
    }
}

#[test]
fn what_is_wrong_in_a_namespace_is_wrong_only_there() {
    let broken = misspelt(namespaced_verifier("team-a/v", "c"));
    let cluster = Cluster::new(&and(good(), vec![broken, namespaced_store("team-b/s", json!({}))]));
    assert_eq!(cluster.namespace("team-a").unwrap_err(), format!("NamespacedVerifier team-a/v: {MISSPELT}"));
    assert!(cluster.cluster().is_ok() && cluster.namespace("team-b").is_ok() && cluster.namespace("team-c").is_ok());
    assert!(cluster.snapshot.unready().is_empty());
}

#[test]
fn a_verifier_of_a_namespace_that_takes_from_what_the_cluster_demands_makes_the_namespace_unusable() {
    let own = [certificates("team-a/mine"), namespaced_verifier("team-a/v", "mine")];
    let mut cluster = Cluster::new(&and(good(), own.to_vec()));
    let reason = "NamespacedVerifier team-a/v takes types of Verifier v, and under \"any\" what it accepts would be enough without the other; give a Policy that says \"all\" for these types";
    assert_eq!(cluster.namespace("team-a").unwrap_err(), reason);
    assert_eq!(cluster.said("NamespacedVerifier team-a/v")["error"], reason);
    assert_eq!(cluster.said("Verifier v")["issuccess"], true);
    assert!(cluster.cluster().is_ok());
    cluster.apply(&policy());
    assert_eq!(cluster.namespace("team-a").unwrap().config().verifiers.len(), 2);
    assert_eq!(cluster.said("NamespacedVerifier team-a/v")["issuccess"], true);
    // And with the switch it is all there is.
    let cluster = Cluster::with(NamespacedObjects::Replace, &and(good(), own.to_vec()));
    assert_eq!(cluster.namespace("team-a").unwrap().config().verifiers.len(), 1);
}

#[test]
fn a_namespace_is_told_nothing_of_others() {
    let cluster =
        Cluster::new(&and(good(), vec![certificates("team-b/theirs"), namespaced_verifier("team-a/v", "theirs")]));
    let said = cluster.said("NamespacedVerifier team-a/v")["error"].as_str().unwrap();
    assert!(said.starts_with("spec.parameters.verificationCertStores.certs[0]: no CertificateStore or KeyManagementProvider \"theirs\"; NamespacedVerifier team-a/v takes"), "{said}");
    assert!(!said.contains("team-b"), "{said}");
}

#[test]
fn a_second_store_is_told_in_its_own_status_alone() {
    let cluster = Cluster::new(&and(good(), vec![store("t", json!({ "useHttp": true }))]));
    assert!(!cluster.cluster().unwrap().plain_http());
    assert_eq!(cluster.said("Store s")["issuccess"], true);
    assert_eq!(
        cluster.said("Store t")["error"],
        "not supported: more than one Store; Store s says already how registries are asked"
    );
}

#[test]
fn a_change_in_one_namespace_leaves_the_scopes_of_others_the_very_same() {
    let objects =
        and(good(), vec![policy(), namespaced_store("team-a/s", json!({})), namespaced_store("team-b/s", json!({}))]);
    let mut cluster = Cluster::new(&objects);
    let before = Arc::clone(&cluster.snapshot);
    let is_kept = |cluster: &Cluster, namespace| {
        Arc::ptr_eq(before.of_namespace(namespace), cluster.snapshot.of_namespace(namespace))
    };
    cluster.apply(&namespaced_store("team-a/s", json!({ "useHttp": true })));
    assert!(cluster.namespace("team-a").unwrap().plain_http());
    assert!(is_kept(&cluster, "team-b") && is_kept(&cluster, "elsewhere"));
    // Anchors of a namespace count in the cluster where one of its verifiers names them.
    cluster.delete(&certificates("default/c"));
    assert!(!is_kept(&cluster, "team-b") && !is_kept(&cluster, "elsewhere"));
}

#[test]
fn a_root_that_is_taken_out_is_trusted_nowhere_any_more_while_the_clusters_store_is_broken() {
    let broken = object(Kind::Store, "s", json!({ "name": "orass" }));
    let anchors = certificates("default/c");
    let mut cluster =
        Cluster::new(&[anchors.clone(), verifier("v", "c"), broken, namespaced_store("team-a/s", json!({}))]);
    let roots =
        |cluster: &Cluster| cluster.namespace("team-a").unwrap().config().verifiers[0].trust_stores["ca:certs"].len();
    assert!(cluster.cluster().is_err());
    assert_eq!(roots(&cluster), 1);
    cluster.delete(&anchors);
    assert_eq!(roots(&cluster), 0);
}

#[test]
fn a_status_that_somebody_wrote_changes_nothing_and_is_not_written_over() {
    let mut cluster = Cluster::new(&good());
    for status in [json!({ "issuccess": true }), json!({ "issuccess": false, "error": "of another program" })] {
        let mut object = verifier("v", "c");
        object["status"] = status;
        assert!(!cluster.apply(&object));
        assert_eq!(cluster.statuses, []);
    }
}

#[test]
fn a_status_that_says_the_same_already_is_not_written_again_after_a_restart() {
    let with = |mut object: Value, status: Value| {
        object["status"] = status;
        object
    };
    let fetched = json!({ "issuccess": true, "lastfetchedtime": "2026-01-02T03:04:05Z" });
    let changed = |at: &str| {
        let mut object = with(certificates("default/c"), fetched.clone());
        object["metadata"]["managedFields"] = json!([
            { "manager": "kubectl", "time": at },
            { "manager": "image-integrity", "subresource": "status", "time": "2027-01-01T00:00:00Z" },
        ]);
        object
    };
    let v = with(verifier("v", "c"), json!({ "issuccess": true, "error": "" }));
    assert_eq!(Cluster::new(&[changed("2026-01-02T03:04:05Z"), v.clone()]).statuses, []);
    // One that was changed while nobody watched was not fetched at that time.
    let cluster = Cluster::new(&[changed("2026-01-02T03:04:06Z"), v]);
    assert_eq!(cluster.statuses.len(), 1);
    assert_eq!(cluster.said("CertificateStore default/c")["lastfetchedtime"], "1970-01-01T00:00:00Z");
    let told = with(verifier("v", "c"), json!({ "issuccess": true, "error": "old" }));
    assert_eq!(Cluster::new(&[told]).statuses.len(), 1);
}

#[test]
fn no_status_is_written_where_the_definition_has_none() {
    let mut cluster = Cluster::new(&[]);
    let mut served = Served::for_tests(Kind::Verifier);
    served.has_status = false;
    cluster.change(vec![Change::Listed { served: Arc::new(served), objects: vec![seen(&verifier("v", "c"))] }]);
    assert_eq!(cluster.statuses, []);
    // A newer definition is noticed.
    cluster.change(vec![list(Kind::Verifier, &[verifier("v", "c")])]);
    assert_eq!(cluster.statuses.len(), 1);
}

#[test]
fn beyond_a_hundred_objects_in_a_namespace_the_newer_ones_are_refused_until_there_is_room() {
    let numbered = |number: usize| {
        let mut object = namespaced_verifier(&format!("team-a/v{number:03}"), "c");
        object["metadata"]["creationTimestamp"] =
            json!(format!("2026-01-01T00:{:02}:{:02}Z", number / 60, number % 60));
        object
    };
    let numbers: Vec<_> = (0..101).rev().map(numbered).collect();
    let mut cluster =
        Cluster::new(&and(good(), and(vec![policy(), namespaced_verifier("team-b/v", "c")], numbers.clone())));
    let reason = "there are 100 older objects of this kind in the namespace, and no more are read";
    assert_eq!(cluster.said("NamespacedVerifier team-a/v100")["error"], reason);
    // What it demands is not known.
    assert_eq!(cluster.namespace("team-a").unwrap_err(), format!("NamespacedVerifier team-a/v100: {reason}"));
    assert!(cluster.namespace("team-b").is_ok() && cluster.cluster().is_ok());
    assert_eq!(cluster.relist, []);
    cluster.delete(&numbered(7));
    assert_eq!(cluster.relist, [Kind::NamespacedVerifier]);
    let left: Vec<_> = numbers.into_iter().filter(|object| *object != numbered(7)).collect();
    cluster.change(vec![list(Kind::NamespacedVerifier, &left)]);
    assert_eq!(cluster.namespace("team-a").unwrap().config().verifiers.len(), 101);
    assert_eq!(cluster.relist, []);
}

#[test]
fn an_object_that_is_too_large_is_refused_and_its_last_good_version_stays_in_force() {
    let mut cluster = Cluster::new(&good());
    let mut large = certificates("default/c");
    large["spec"]["parameters"]["value"] = json!(ROOT.repeat(1_000));
    cluster.apply(&large);
    assert_eq!(
        cluster.said("CertificateStore default/c")["error"],
        "the object is larger than 256 KiB, and is not read"
    );
    assert_eq!(cluster.cluster().unwrap().config().verifiers[0].trust_stores["ca:certs"].len(), 1);
}

#[test]
fn a_kind_that_is_defined_no_longer_has_no_objects() {
    let mut cluster = Cluster::new(&good());
    cluster.change(vec![Change::Undefined(Kind::Verifier)]);
    assert_eq!(cluster.cluster().unwrap_err(), NO_VERIFIER);
}

#[test]
fn secrets_are_those_of_the_release_unless_a_store_says_otherwise() {
    let provider = json!({ "authProvider": {
        "name": "k8Secrets", "secrets": [{ "secretName": "a" }, { "secretName": "b", "namespace": "elsewhere" }],
    } });
    let cluster = Cluster::new(&[certificates("default/c"), verifier("v", "c"), store("s", provider)]);
    let secret = |namespace: &str, name: &str| SecretName { namespace: namespace.to_owned(), name: name.to_owned() };
    let expected = Logins::Secrets {
        service_account: ServiceAccountName { namespace: "security".to_owned(), name: "default".to_owned() },
        secrets: vec![secret("security", "a"), secret("elsewhere", "b")],
    };
    assert_eq!(cluster.cluster().unwrap().logins(), &expected);
}

#[test]
fn a_namespaces_store_names_secrets_of_its_own_namespace_and_no_files() {
    let own = json!({ "authProvider": {
        "name": "k8Secrets", "serviceAccountName": "builder", "secrets": [{ "secretName": "a" }, { "secretName": "b", "namespace": "team-a" }],
    } });
    let cluster = Cluster::new(&and(good(), vec![namespaced_store("team-a/s", own)]));
    let Logins::Secrets { service_account, secrets } = cluster.namespace("team-a").unwrap().logins() else { panic!() };
    assert_eq!(service_account.to_string(), "service account team-a/builder");
    let names: Vec<_> = secrets.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["secret team-a/a", "secret team-a/b"]);
    for (parameters, expected) in [
        (
            json!({ "authProvider": { "name": "k8Secrets", "secrets": [{ "secretName": "a", "namespace": "security" }] } }),
            "spec.parameters.authProvider.secrets[0].namespace: a Store of the namespace team-a can name secrets of that namespace only",
        ),
        (
            json!({ "authProvider": { "name": "dockerConfig", "configPath": "/etc/docker/config.json" } }),
            "spec.parameters.authProvider.name: a namespace's Store cannot name files of the server, which hold the cluster's logins; put the login into a Secret of the namespace, and name it with `k8Secrets`",
        ),
        (
            json!({ "authProvider": { "name": "k8Secrets", "secrets": [{ "secretName": "../x" }] } }),
            "spec.parameters.authProvider.secrets[0].secretName: \"../x\" is not a name that Kubernetes accepts: lower-case letters, digits, `-` and `.`, at most 253",
        ),
    ] {
        let cluster = Cluster::new(&and(good(), vec![namespaced_store("team-a/s", parameters)]));
        assert_eq!(cluster.said("NamespacedStore team-a/s")["error"], expected);
        assert_eq!(cluster.namespace("team-a").unwrap_err(), format!("NamespacedStore team-a/s: {expected}"));
    }
}

#[test]
fn what_ratifys_own_definitions_write_is_read() {
    let provider = object(
        Kind::KeyManagementProvider,
        "c",
        json!({ "type": "inline", "refreshInterval": "", "parameters": { "value": ROOT } }),
    );
    let cluster = Cluster::new(&[provider, verifier("v", "c")]);
    assert_eq!(cluster.said("KeyManagementProvider c")["issuccess"], true);
    assert_eq!(cluster.cluster().unwrap().config().verifiers[0].trust_stores["ca:certs"].len(), 1);
}
