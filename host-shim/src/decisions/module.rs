//! Which module gives the verdicts now. It can be replaced under us, and what the older one has said does not count any more.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::Instant};

use crate::engine::{Engine, ModuleDigest};

/// How long it is believed to be the same.
const COUNTS_FOR: Duration = Duration::from_secs(1);

/// The module of an engine.
pub(super) struct CurrentModule {
    engine: Arc<dyn Engine>,
    known: Mutex<Known>,
}

/// It is not known at the moment which module it is.
pub(super) struct NotKnown;

#[derive(Clone)]
enum Known {
    /// Nothing yet.
    Nothing,
    /// The engine is no module.
    None,
    Since(Instant, ModuleDigest),
}

impl CurrentModule {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, known: Mutex::new(Known::Nothing) }
    }

    /// The digest of the module, without waiting.
    ///
    /// # Errors
    /// Where the engine must be asked for it.
    pub(super) fn now(&self) -> Result<Option<ModuleDigest>, NotKnown> {
        match &*self.known.try_lock().map_err(|_| NotKnown)? {
            Known::None => Ok(None),
            Known::Since(at, module) if at.elapsed() < COUNTS_FOR => Ok(Some(module.clone())),
            Known::Since(..) | Known::Nothing => Err(NotKnown),
        }
    }

    /// The digest of the module; the last one that was known while the engine does not tell.
    pub(super) async fn get(&self) -> Option<ModuleDigest> {
        if let Ok(module) = self.now() {
            return module;
        }
        let mut known = self.known.lock().await;
        let last = match &*known {
            Known::None => return None,
            // Somebody else has asked meanwhile.
            Known::Since(at, module) if at.elapsed() < COUNTS_FOR => return Some(module.clone()),
            Known::Since(_, module) => Some(module.clone()),
            Known::Nothing => None,
        };
        match self.engine.check().await {
            Ok(None) => {
                *known = Known::None;
                None
            }
            Ok(Some(module)) => {
                *known = Known::Since(Instant::now(), module.clone());
                Some(module)
            }
            Err(error) => {
                tracing::debug!(%error, "the engine does not tell its module");
                last
            }
        }
    }
}
