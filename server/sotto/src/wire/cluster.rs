//! Every port on engines that many pods share.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use sotto_cluster::{
    Background, ConnectError,
    courier::Courier,
    doctor::{Finding, examine},
    mongo::{Migrated, Mongo, NEWEST, Watch},
    near::Near,
    rabbit::Rabbit,
    redis::{Claimed, Link, Marks},
    s3::{Buckets, Login},
};
use sotto_core::{
    App,
    ports::{Blobs, Clock},
};
use sotto_embedded::Folder;
use tracing::warn;

use super::{Engines, Look, SystemClock, Wired, policy};
use crate::{
    config::Settings,
    secrets::{Argon, Cost, Jwt, Keys},
};

/// How long one engine may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often engines that are away are asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// The engines of one pod.
#[derive(Clone)]
struct Shared {
    mongo: Mongo,
    rabbit: Rabbit,
    link: Link,
    buckets: Option<Buckets>,
    background: Background,
}

impl Shared {
    async fn new(settings: &Settings) -> anyhow::Result<Self> {
        let engines = &settings.engines;
        let url = |url: Option<&str>| url.map(str::to_owned).context("an engine's URL is missing");
        let background = Background::default();
        Ok(Self {
            mongo: Mongo::new(&url(engines.store.url())?, &background, Watch::default()).await?,
            rabbit: Rabbit::new(&url(engines.queue.url())?, settings.partitions, &background)?,
            link: Link::new(&url(engines.cache.url())?, &background)?,
            buckets: engines.blobs.url().map(|_| buckets(settings)).transpose()?,
            background,
        })
    }

    /// Whether MongoDB is there, and laid out as this version needs it.
    async fn check_store(&self) -> Result<(), ConnectError> {
        self.mongo.check().await?;
        self.mongo.check_migrated().await
    }

    async fn check_blobs(&self) -> Result<(), ConnectError> {
        match &self.buckets {
            Some(buckets) => buckets.check().await,
            None => Ok(()),
        }
    }
}

async fn look(port: &'static str, vital: bool, check: impl Future<Output = Result<(), ConnectError>>) -> Look {
    let trouble = match tokio::time::timeout(PATIENCE, check).await {
        Ok(outcome) => outcome.err().map(|error| error.to_string()),
        Err(_) => Some("no answer".to_owned()),
    };
    Look { port, trouble, vital }
}

#[async_trait]
impl Engines for Shared {
    async fn look(&self) -> Vec<Look> {
        let looks = tokio::join!(
            look("store", true, self.check_store()),
            look("queue", true, async { self.rabbit.check() }),
            // Without these messages flow on: presence blanks, receipts lag, uploads wait.
            look("cache", false, self.link.check()),
            look("blobs", false, self.check_blobs()),
        );
        vec![looks.0, looks.1, looks.2, looks.3]
    }

    async fn wait(&self) -> anyhow::Result<()> {
        let mut said = None;
        loop {
            // A pod works without these, but not with a setting that will never do.
            for outcome in [self.link.check().await, self.link.check_version().await, self.check_blobs().await] {
                if let Err(error @ ConnectError::Unusable(_)) = outcome {
                    return Err(error.into());
                }
            }
            let waiting = match (self.check_store().await, self.rabbit.check()) {
                (Ok(()), Ok(())) => return Ok(()),
                (Err(error @ ConnectError::Unusable(_)), _) | (_, Err(error @ ConnectError::Unusable(_))) => {
                    return Err(error.into());
                }
                (Err(error), _) | (_, Err(error)) => error.to_string(),
            };
            if said.as_ref() != Some(&waiting) {
                warn!("waiting: {waiting}");
                said = Some(waiting);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn stop(&self) {
        self.background.stop().await;
    }
}

/// The buckets that the settings name.
pub(super) fn buckets(settings: &Settings) -> anyhow::Result<Buckets> {
    let url = settings.engines.blobs.url().context("SOTTO_BLOBS names no bucket")?;
    let login = settings.engines.blobs_login.clone();
    let login = login.map(|(access_key, secret_key)| Login { access_key, secret_key: secret_key.0 });
    Ok(Buckets::new(url, login)?)
}

/// Builds the app.
pub(super) async fn wire(settings: &Settings, cost: Cost) -> anyhow::Result<Wired> {
    let master = settings.engines.secret.context("SOTTO_SECRET is missing")?;
    let keys = Keys::from_master(&master);
    let shared = Shared::new(settings).await?;
    let Shared { mongo, rabbit, link, buckets, background } = shared.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let near = Near::new(mongo.clone(), link.clone(), &background);
    let (durable, remembered, hot) = (Arc::new(mongo.clone()), Arc::new(near.clone()), Arc::new(link.clone()));
    let blobs: Arc<dyn Blobs> = match buckets {
        Some(buckets) => Arc::new(buckets),
        None => Arc::new(Folder::new(settings.data_dir.join("blobs"))),
    };
    let app = App {
        clock: clock.clone(),
        accounts: durable.clone(),
        blocks: remembered.clone(),
        sessions: remembered.clone(),
        conversations: remembered.clone(),
        log: durable.clone(),
        keys: remembered,
        backups: durable.clone(),
        mailboxes: durable,
        receipts: Arc::new(Marks::new(link.clone(), mongo, &background)),
        claims: Arc::new(Claimed::start(&link, &background)),
        directory: hot.clone(),
        limits: hot.clone(),
        delivery: Arc::new(Courier::start(link, &rabbit, near, clock, &background)),
        queue: Arc::new(rabbit),
        blobs,
        push: hot,
        passwords: Arc::new(Argon::new(cost)?),
        tokens: Arc::new(Jwt::new(&keys.access)),
        policy: policy(settings, &keys),
    };
    Ok(Wired { app, engines: Arc::new(shared) })
}

/// Lays the database out as this version needs it.
pub async fn migrate(settings: &Settings) -> anyhow::Result<Migrated> {
    let shared = Shared::new(settings).await?;
    shared.mongo.check().await?;
    Ok(shared.mongo.migrate().await?)
}

/// Examines every engine.
pub async fn doctor(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let shared = Shared::new(settings).await?;
    Ok(examine(&shared.mongo, &shared.rabbit, &shared.link, shared.buckets.as_ref(), &SystemClock, NEWEST).await)
}
