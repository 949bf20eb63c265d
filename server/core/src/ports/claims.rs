//! Which message ids are on their way: between being accepted and standing in the log.

use async_trait::async_trait;
use shared_types::{ConversationId, MessageId, UserId};

use super::Result;

/// A message id that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// By whom.
    pub sender: UserId,
    /// SHA-256 of what it was taken for.
    pub digest: [u8; 32],
}

/// Short-lived memory of ids on their way. May be lost; the log's own uniqueness stays.
#[async_trait]
pub trait Claims: Send + Sync {
    /// Takes the id, unless it is taken: then says by what.
    async fn claim(&self, at: (ConversationId, MessageId), claim: Claim) -> Result<Option<Claim>>;

    /// What the id is taken by.
    async fn find(&self, at: (ConversationId, MessageId)) -> Result<Option<Claim>>;

    /// Gives ids back: they were never queued.
    async fn release(&self, at: &[(ConversationId, MessageId)]) -> Result<()>;

    /// These stand in the log now. May go on being remembered, so that whoever repeats one is known without a look into
    /// the log.
    async fn settle(&self, at: &[(ConversationId, MessageId)]) -> Result<()>;

    /// For how long, in milliseconds, every settled id is remembered; 0 where none is.
    fn remembers_ms(&self) -> i64;
}
