//! Heads of backups: which locks open one, and where its parts lie.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use shared_types::UserId;

use super::Result;

/// A backup without its parts, which are blobs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BackupHead {
    /// How often it was changed.
    pub version: u64,
    /// What the recovery key opens.
    pub recovery: Option<String>,
    /// What the passphrase opens.
    pub passphrase: Option<String>,
    /// The name of each part's blob.
    pub parts: Vec<String>,
}

/// Where heads of backups live.
#[async_trait]
pub trait Backups: Send + Sync {
    /// A person's; `None` where there is none.
    async fn head(&self, user: UserId) -> Result<Option<BackupHead>>;

    /// Puts a head in the place of the one of the version before; `false` where another stands, or none.
    async fn put_head(&self, user: UserId, head: &BackupHead) -> Result<bool>;

    /// Removes a person's.
    async fn remove_head(&self, user: UserId) -> Result<()>;
}
