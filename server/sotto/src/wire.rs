//! The wiring: which adapter stands behind which port. Nothing else names adapters.

use std::{sync::Arc, time::UNIX_EPOCH};

use shared_types::Timestamp;
use sotto_core::{App, Policy, ports::Clock};
use sotto_embedded::{Buckets, Folder, InProcess, Present, Remembered, Store, Woken};

use crate::{
    config::Settings,
    secrets::{self, Argon, Cost, Jwt},
};

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The app and what the doors need to know of its adapters.
#[derive(Clone)]
pub struct Wired {
    /// What use cases are given.
    pub app: App,
    /// The embedded store, asked for its health.
    pub store: Store,
}

/// Builds the app on its embedded adapters.
pub fn wire(settings: &Settings, cost: Cost) -> anyhow::Result<Wired> {
    let store = Store::open(&settings.data_dir)?;
    let queue = store.queue(settings.partitions)?;
    let keys = secrets::load_or_make(&settings.data_dir)?;
    let durable = Arc::new(store.clone());
    let app = App {
        clock: Arc::new(SystemClock),
        accounts: durable.clone(),
        blocks: durable.clone(),
        sessions: durable.clone(),
        conversations: durable.clone(),
        log: durable.clone(),
        receipts: durable,
        claims: Arc::new(Remembered::default()),
        directory: Arc::new(Present::default()),
        limits: Arc::new(Buckets::default()),
        delivery: Arc::new(InProcess::default()),
        queue: Arc::new(queue),
        blobs: Arc::new(Folder::new(settings.data_dir.join("blobs"))),
        push: Arc::new(Woken::default()),
        passwords: Arc::new(Argon::new(cost)?),
        tokens: Arc::new(Jwt::new(&keys.access)),
        policy: Policy {
            registration: settings.registration,
            plaintext: settings.plaintext,
            rate_limits: settings.rate_limits,
            partitions: settings.partitions,
            refresh_key: keys.refresh,
        },
    };
    Ok(Wired { app, store })
}
