//! Wake-ups for devices that hold no socket: a conversation and a count, never content.

use async_trait::async_trait;
use shared_types::{ConversationId, DeviceId, UserId};

use super::Result;

/// What a device is woken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// Whose device.
    pub user: UserId,
    /// Which.
    pub device: DeviceId,
    /// Where something was said; later ones replace earlier ones of the same conversation.
    pub conversation: ConversationId,
    /// How many messages are unread there.
    pub unread: u64,
}

/// Sends wake-ups.
#[async_trait]
pub trait Push: Send + Sync {
    /// Hands one to the service that reaches the device.
    async fn wake(&self, wake: Wake) -> Result<()>;

    /// Up to `limit` of those handed over, newest first, where the service remembers them.
    async fn sent(&self, limit: usize) -> Result<Vec<Wake>>;
}
