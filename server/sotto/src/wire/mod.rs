//! The wiring: which adapter stands behind which port. Nothing else names adapters.

#[cfg(feature = "cluster")]
mod cluster;
mod embedded;

use std::{sync::Arc, time::UNIX_EPOCH};

use async_trait::async_trait;
use shared_types::Timestamp;
use sotto_core::{App, Policy, ports::Clock};

use crate::{
    config::Settings,
    secrets::{Cost, Keys},
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

/// How a port's engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The port.
    pub port: &'static str,
    /// What is wrong with it, in a line.
    pub trouble: Option<String>,
    /// Whether a pod is of no use without it.
    pub vital: bool,
}

/// What stands behind the ports.
#[async_trait]
pub trait Engines: Send + Sync {
    /// How each is now.
    async fn look(&self) -> Vec<Look>;

    /// Waits until the log may be written to. An error is one that waiting does not cure.
    async fn wait(&self) -> anyhow::Result<()>;

    /// Finishes what is still to be written, and lets go.
    async fn stop(&self);
}

/// The app and what stands behind it.
#[derive(Clone)]
pub struct Wired {
    /// What use cases are given.
    pub app: App,
    /// Its engines.
    pub engines: Arc<dyn Engines>,
}

/// Builds the app on the adapters that the settings choose.
#[cfg_attr(not(feature = "cluster"), expect(clippy::unused_async, reason = "engines are waited for"))]
pub async fn wire(settings: &Settings, cost: Cost) -> anyhow::Result<Wired> {
    if !settings.engines.are_shared() {
        return embedded::wire(settings, cost);
    }
    #[cfg(feature = "cluster")]
    return cluster::wire(settings, cost).await;
    #[cfg(not(feature = "cluster"))]
    anyhow::bail!("SOTTO_STORE: this build has the embedded adapters alone")
}

fn policy(settings: &Settings, keys: &Keys) -> Policy {
    Policy {
        registration: settings.registration,
        plaintext: settings.plaintext,
        rate_limits: settings.rate_limits,
        partitions: settings.partitions,
        refresh_key: keys.refresh,
        franking_key: keys.franking,
    }
}

#[cfg(feature = "cluster")]
pub use cluster::{doctor, migrate};
