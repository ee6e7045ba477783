//! What has been decided and does not count any more: a fact under it has lapsed, or another module gives the verdicts.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use wasm_policy::time::Instant as Time;

use super::world::{VERIFY, World, item};
use crate::{
    engine::{Engine, EngineError, Judgement, ModuleDigest, Native},
    testing::{later, registry::plain_demo},
};

/// The first moment at which the demo's certificates are not valid any more: 2120-01-01T00:00:00Z.
const EXPIRED: i64 = 4_733_510_400;

#[tokio::test]
async fn no_verdict_outlives_the_certificate_that_it_rests_on() {
    static NOW: AtomicI64 = AtomicI64::new(0);
    // Once while the whole answer is kept, and once where the registry says the same again and the verdict on it is known.
    for told_for in [Duration::from_mins(1), Duration::from_nanos(1)] {
        NOW.store(EXPIRED - 1, Ordering::SeqCst);
        let clock = || Time::from_unix(NOW.load(Ordering::SeqCst), 0).unwrap();
        let (server, asked) = (plain_demo().await, World { told_for, clock, ..World::default() }.start().await);
        let key = format!("{}/app:signed", server.host());
        let response = asked.keys(VERIFY, &[&key]).await;
        let value = &item(&response, &key)["value"];
        assert_eq!((&value["code"], &value["validUntil"]), (&"VERIFIED".into(), &"2120-01-01T00:00:00Z".into()));
        NOW.store(EXPIRED, Ordering::SeqCst);
        assert_eq!(asked.code(&key).await, "CERTIFICATE_EXPIRED", "{told_for:?}");
    }
}

/// The real verdicts, as of a module that can be replaced.
#[derive(Default)]
struct Replaceable {
    native: Native,
    /// The last hexadecimal digit of the module that is loaded, and of the one that takes its place at the next verdict.
    module: Mutex<(u8, Option<u8>)>,
}

fn digest(digit: u8) -> ModuleDigest {
    format!("sha256:{digit:064x}").parse().unwrap()
}

impl Replaceable {
    fn replace(&self, digit: u8) {
        *self.module.lock().unwrap() = (digit, None);
    }

    fn replace_at_the_next_verdict(&self, digit: u8) {
        self.module.lock().unwrap().1 = Some(digit);
    }
}

impl Engine for Replaceable {
    fn verify(&self, input: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>> {
        let digit = {
            let mut module = self.module.lock().unwrap();
            module.0 = module.1.take().unwrap_or(module.0);
            module.0
        };
        Box::pin(async move { Ok(Judgement { module: Some(digest(digit)), ..self.native.verify(input).await? }) })
    }

    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>> {
        let digit = self.module.lock().unwrap().0;
        Box::pin(async move { Ok(Some(digest(digit))) })
    }
}

#[tokio::test]
async fn no_answer_is_of_a_module_that_was_replaced() {
    // As above: the whole answer, and the verdict alone.
    for told_for in [Duration::from_mins(1), Duration::from_nanos(1)] {
        let engine = Arc::new(Replaceable::default());
        let world = World { told_for, engine: Arc::clone(&engine) as Arc<dyn Engine>, ..World::default() };
        let (server, asked) = (plain_demo().await, world.start().await);
        let key = format!("{}/app:signed", server.host());
        let module = async || item(&asked.keys(VERIFY, &[&key]).await, &key)["value"]["moduleDigest"].clone();
        assert_eq!(module().await, format!("{:064x}", 0));
        engine.replace(1);
        later(Duration::from_secs(2)).await;
        assert_eq!(module().await, format!("{:064x}", 1), "{told_for:?}");
    }
}

#[tokio::test]
async fn what_another_module_has_said_meanwhile_is_given_to_nobody_else() {
    for told_for in [Duration::from_mins(1), Duration::from_nanos(1)] {
        let engine = Arc::new(Replaceable::default());
        let world = World { told_for, engine: Arc::clone(&engine) as Arc<dyn Engine>, ..World::default() };
        let (server, asked) = (plain_demo().await, world.start().await);
        let key = format!("{}/app:signed", server.host());
        let module = async || item(&asked.keys(VERIFY, &[&key]).await, &key)["value"]["moduleDigest"].clone();
        engine.replace_at_the_next_verdict(1);
        assert_eq!(module().await, format!("{:064x}", 1));
        // The module of before is back, and so is the question under it.
        engine.replace(0);
        assert_eq!(module().await, format!("{:064x}", 0), "{told_for:?}");
    }
}
