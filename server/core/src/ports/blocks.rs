//! Who has blocked whom.

use async_trait::async_trait;
use shared_types::UserId;

use super::Result;

/// Where blocks live. Setting or clearing one twice is setting or clearing it once.
#[async_trait]
pub trait Blocks: Send + Sync {
    /// `by` blocks `whom`.
    async fn set(&self, by: UserId, whom: UserId) -> Result<()>;

    /// `by` unblocks `whom`.
    async fn clear(&self, by: UserId, whom: UserId) -> Result<()>;

    /// Everybody whom `by` has blocked, by id.
    async fn by(&self, by: UserId) -> Result<Vec<UserId>>;

    /// Whether one of the two has blocked the other.
    async fn between(&self, one: UserId, other: UserId) -> Result<bool>;
}
