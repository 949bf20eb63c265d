//! Every port in this process.

use std::sync::Arc;

use async_trait::async_trait;
use sotto_core::{
    App,
    ports::{Blobs, Lane, Queue},
};
use sotto_embedded::{Buckets, Folder, InProcess, Present, Remembered, Store, Woken};

use super::{Engines, Look, SystemClock, Wired, policy};
use crate::{
    config::Settings,
    secrets::{Argon, Cost, Jwt, Keys, load_or_make},
};

/// The file that everything durable is in.
struct InFile {
    store: Store,
    queue: Arc<dyn Queue>,
}

#[async_trait]
impl Engines for InFile {
    async fn look(&self) -> Vec<Look> {
        let store = self.store.trouble();
        let queue = self.queue.depth(Lane::Partition(0)).await.err().map(|error| error.to_string());
        let vital = |port, trouble| Look { port, trouble, vital: true };
        let queue = queue.or_else(|| store.clone());
        vec![vital("store", store), vital("queue", queue), vital("cache", None), vital("delivery", None)]
    }

    async fn wait(&self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn stop(&self) {}
}

/// Builds the app.
pub(super) fn wire(settings: &Settings, cost: Cost) -> anyhow::Result<Wired> {
    let store = Store::open(&settings.data_dir)?;
    let queue = Arc::new(store.queue(settings.partitions)?);
    let keys = match &settings.engines.secret {
        Some(master) => Keys::from_master(master),
        None => load_or_make(&settings.data_dir)?,
    };
    let durable = Arc::new(store.clone());
    let app = App {
        clock: Arc::new(SystemClock),
        accounts: durable.clone(),
        blocks: durable.clone(),
        sessions: durable.clone(),
        conversations: durable.clone(),
        log: durable.clone(),
        keys: durable.clone(),
        backups: durable.clone(),
        mailboxes: durable.clone(),
        receipts: durable,
        claims: Arc::new(Remembered::default()),
        directory: Arc::new(Present::default()),
        limits: Arc::new(Buckets::default()),
        delivery: Arc::new(InProcess::default()),
        queue: queue.clone(),
        blobs: blobs(settings)?,
        push: Arc::new(Woken::default()),
        passwords: Arc::new(Argon::new(cost)?),
        tokens: Arc::new(Jwt::new(&keys.access)),
        policy: policy(settings, &keys),
    };
    Ok(Wired { app, engines: Arc::new(InFile { store, queue }) })
}

/// Objects in a folder, or on the server that the settings name.
#[cfg_attr(not(feature = "cluster"), expect(clippy::unnecessary_wraps, reason = "a server's URL may be wrong"))]
fn blobs(settings: &Settings) -> anyhow::Result<Arc<dyn Blobs>> {
    #[cfg(feature = "cluster")]
    if settings.engines.blobs.url().is_some() {
        return Ok(Arc::new(super::cluster::buckets(settings)?));
    }
    Ok(Arc::new(Folder::new(settings.data_dir.join("blobs"))))
}
