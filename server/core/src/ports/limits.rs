//! Token buckets that all pods share.

use async_trait::async_trait;

use super::Result;
use crate::domain::limits::Bucket;

/// Where buckets are kept.
#[async_trait]
pub trait Limits: Send + Sync {
    /// Takes one token from the bucket of that key: `None`, or the seconds to wait.
    async fn take(&self, key: &str, bucket: Bucket) -> Result<Option<u64>>;
}
