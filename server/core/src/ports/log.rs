//! The conversations' logs.

use async_trait::async_trait;
use shared_types::{ConversationId, MessageId, Seq, Timestamp};

use super::{Post, Result};
use crate::domain::entry::Entry;

/// What is written in one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// New entries; each conversation's in ascending order, without gaps, from its head.
    pub entries: Vec<Entry>,
    /// Messages that were taken back: their envelopes and those of their edits go.
    pub purge: Vec<(ConversationId, MessageId)>,
    /// The boxes of the new entries, for mailboxes: neither is there without the other, whatever happens.
    pub posts: Vec<Post>,
}

/// Whether a batch was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is on disk.
    Written,
    /// A position or an id was taken: someone else writes too, or the writer's head was old. Nothing was written in
    /// that conversation.
    Fenced(ConversationId),
}

/// Where the logs live. Append-only but for the words of what was taken back.
#[async_trait]
pub trait Log: Send + Sync {
    /// The newest position of each, in the order asked; 0 where there is none.
    async fn heads(&self, conversations: &[ConversationId]) -> Result<Vec<Seq>>;

    /// Writes a batch durably.
    async fn append(&self, batch: Batch) -> Result<Appended>;

    /// The entries of these ids, in any order; unknown ones are left out. Right after a failover this, like `heads`,
    /// `after` and `before`, may not show what was acknowledged right before; `append` is fenced all the same.
    async fn find(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>>;

    /// The same, and never behind, for where something is decided by what is missing. It may cost as much as a write.
    async fn find_latest(&self, ids: &[(ConversationId, MessageId)]) -> Result<Vec<Entry>>;

    /// The newest position, never behind, at that price.
    async fn latest_head(&self, conversation: ConversationId) -> Result<Seq>;

    /// Takes the words of up to `limit` entries that have expired by `now`; says of how many.
    async fn expire(&self, now: Timestamp, limit: usize) -> Result<usize>;

    /// Up to `limit` entries after the position, ascending.
    async fn after(&self, conversation: ConversationId, seq: Seq, limit: usize) -> Result<Vec<Entry>>;

    /// The last `limit` entries before the position, ascending.
    async fn before(&self, conversation: ConversationId, seq: Seq, limit: usize) -> Result<Vec<Entry>>;
}
