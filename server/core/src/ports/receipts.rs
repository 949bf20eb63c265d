//! Members' watermarks.

use async_trait::async_trait;
use shared_types::{ConversationId, UserId};

use super::Result;
use crate::domain::receipt::Watermark;

/// What raising a watermark did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raised {
    /// Where it stands now.
    pub now: Watermark,
    /// Whether that is higher than before.
    pub rose: bool,
}

/// Where watermarks live. They merge by `max` and never fall, across restarts too.
#[async_trait]
pub trait Receipts: Send + Sync {
    /// Merges a claim into a member's watermark.
    async fn raise(&self, conversation: ConversationId, user: UserId, claim: Watermark) -> Result<Raised>;

    /// The watermarks in these conversations; members who have none are left out.
    async fn of(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, UserId, Watermark)>>;
}
