//! Files and folders that are read again when they change.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::{JoinError, spawn_blocking},
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::{info, warn};

use super::{
    super::{
        Configuration, Notes, Place,
        object::{Objects, Origin},
    },
    Live, NO_VERIFIER, NamespacedObjects, Scope, Snapshot, objects,
};
use crate::sources::{
    self, SourceText,
    finding::{Finding, Findings, Mistakes},
};

/// How often the files are read. Their texts are compared, not their times: a ConfigMap's volume is changed by swapping a link.
const EVERY: Duration = Duration::from_secs(1);
/// How long files may go on changing under the reader before it waits for the next time.
const MAX_TRIES: usize = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// Watches files and folders, as [`Configuration::load`] takes them: reads them every second, and at once when `reload` is told to.
///
/// A text with mistakes leaves the last good snapshot in force, and is told once in the log. The watch ends with the last receiver.
///
/// # Errors
/// Every mistake at once, where the first reading finds any; nothing is watched then.
pub async fn watch_files(paths: Vec<PathBuf>, mode: NamespacedObjects, reload: Arc<Notify>) -> Result<Live, Mistakes> {
    let mut files = Files { paths: paths.into(), mode, generation: 0 };
    let reading = files.read().await;
    let (publish, live) = watch::channel(Arc::new(files.snapshot(&reading).await?));
    tokio::spawn(async move { files.watch(reading, reload, publish).await });
    Ok(live)
}

struct Files {
    paths: Arc<[PathBuf]>,
    mode: NamespacedObjects,
    /// Of the newest snapshot.
    generation: u64,
}

/// What the files say; mistakes are those that keep files from being read at all.
type Reading = Result<(Arc<[SourceText]>, Notes), Mistakes>;

impl Files {
    async fn watch(mut self, mut last: Reading, reload: Arc<Notify>, publish: watch::Sender<Arc<Snapshot>>) {
        let mut clock = interval(EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = clock.tick() => {}
                () = reload.notified() => {}
                () = publish.closed() => return,
            }
            let Some(reading) = self.read_settled(&last).await else { continue };
            match self.snapshot(&reading).await {
                Ok(snapshot) => {
                    info!(generation = snapshot.generation, "the configuration was read again");
                    publish.send_replace(Arc::new(snapshot));
                }
                Err(mistakes) => {
                    let told = mistakes.to_string().replace('\n', "; ");
                    warn!("the configuration has mistakes, and the last good one stays in force: {told}");
                }
            }
            last = reading;
        }
    }

    /// What the files say now, where that is something new and two readings agree on it: while files are being written, or a ConfigMap's link is
    /// swapped, one reading can see parts of both.
    async fn read_settled(&self, last: &Reading) -> Option<Reading> {
        let mut reading = self.read().await;
        for _ in 0..MAX_TRIES {
            if reading == *last {
                return None;
            }
            sleep(BETWEEN_TRIES).await;
            let again = self.read().await;
            if again == reading {
                return Some(reading);
            }
            reading = again;
        }
        None
    }

    async fn read(&self) -> Reading {
        let paths = Arc::clone(&self.paths);
        spawn_blocking(move || read(&paths)).await.unwrap_or_else(|failure| Err(self.mistake(&failure)))
    }

    /// The next snapshot; its number is used up only where there is one.
    async fn snapshot(&mut self, reading: &Reading) -> Result<Snapshot, Mistakes> {
        let (texts, notes) = reading.clone()?;
        let mode = self.mode;
        let scopes = spawn_blocking(move || scopes(&texts, &notes, mode)).await;
        let (cluster, of_namespaces) = scopes.unwrap_or_else(|failure| Err(self.mistake(&failure)))?;
        self.generation += 1;
        Ok(Snapshot { generation: self.generation, cluster, namespaces: of_namespaces, unready: Vec::new() })
    }

    fn mistake(&self, failure: &JoinError) -> Mistakes {
        let names: Vec<_> = self.paths.iter().map(|path| path.to_string_lossy()).collect();
        let place = Place::file(&names.join(", ").into());
        Mistakes { mistakes: vec![Finding { place, message: format!("cannot be read: {failure}") }], more: 0 }
    }
}

fn read(paths: &[PathBuf]) -> Reading {
    let findings = Findings::default();
    if let Some(path) = paths.iter().find(|path| sources::is_stdin(path)) {
        let place = Place::file(&path.to_string_lossy().into());
        findings.mistake(place, "standard input cannot be read again when it changes; name a file or folder");
        findings.into_result()?;
        return Ok((Arc::default(), Notes::default()));
    }
    let texts = sources::read(paths, &findings);
    Ok((texts.into(), findings.into_result()?))
}

type Scopes = (Arc<Scope>, BTreeMap<String, Arc<Scope>>);

/// The cluster's scope and those of namespaces; a mistake in any of them is one in the files.
fn scopes(texts: &[SourceText], notes: &Notes, mode: NamespacedObjects) -> Result<Scopes, Mistakes> {
    let findings = Findings::default();
    let objects = Objects::of_texts(texts, Origin::Files, &findings);
    let mut notes = notes.clone();
    notes.append(findings.into_result()?);
    let scope = |namespace: Option<&str>| -> Result<Arc<Scope>, Mistakes> {
        let findings = Findings::default();
        let assembled = objects::assembled(&objects, namespace, mode, &findings);
        for Finding { place, message } in &assembled.weakening {
            findings.mistake(place.clone(), message);
        }
        if assembled.config.verifiers.is_empty() && findings.count() == 0 {
            findings.mistake(Place::files(texts), NO_VERIFIER);
        }
        let mut notes = notes.clone();
        notes.append(findings.into_result()?);
        let configuration = Configuration::new(assembled, notes);
        Ok(Arc::new(Scope::new(namespace, Ok(configuration))))
    };
    let cluster = scope(None)?;
    let namespaces = objects::namespaces(&objects).into_iter().map(|name| Ok((name.clone(), scope(Some(&name))?)));
    Ok((cluster, namespaces.collect::<Result<_, Mistakes>>()?))
}
