//! Conversations and their members.

use async_trait::async_trait;
use shared_types::{ConversationId, UserId};

use super::Result;
use crate::domain::conversation::{Conversation, Membership};

/// Where conversations and memberships live.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Makes a conversation with its members, both or neither; `false` where the id exists already.
    async fn create(&self, conversation: &Conversation, members: &[Membership]) -> Result<bool>;

    /// The conversations with these ids, in any order; unknown ids are left out.
    async fn find(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>>;

    /// Everybody in it, by id.
    async fn members(&self, id: ConversationId) -> Result<Vec<Membership>>;

    /// Someone's place in it.
    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Membership>>;

    /// Replaces an existing membership's settings.
    async fn update_member(&self, membership: &Membership) -> Result<()>;

    /// All of someone's memberships, by conversation id.
    async fn of(&self, user: UserId) -> Result<Vec<Membership>>;
}
