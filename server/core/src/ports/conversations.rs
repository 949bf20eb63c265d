//! Conversations and their members.

use async_trait::async_trait;
use shared_types::{ConversationId, UserId, keys::SignedMembers};

use super::Result;
use crate::domain::conversation::{Conversation, Membership};

/// A change of who is in a conversation, and what they may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberChange {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Who comes in, and who is in and has another role from now on; of the latter the settings stay.
    pub put: Vec<Membership>,
    /// Who goes.
    pub gone: Vec<UserId>,
    /// The statement that says so, where members are signed.
    pub statement: Option<SignedMembers>,
}

/// Where conversations and memberships live.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Makes a conversation with its members and, where they are signed, the first statement about them: all or nothing.
    /// `false` where the id exists already.
    async fn create(
        &self,
        conversation: &Conversation,
        members: &[Membership],
        statement: Option<&SignedMembers>,
    ) -> Result<bool>;

    /// Changes members, all or nothing. `false` where the statement is not the next one, and nothing was changed.
    async fn change_members(&self, change: &MemberChange) -> Result<bool>;

    /// Up to `limit` statements after that epoch, in their order.
    async fn statements(&self, id: ConversationId, after: u64, limit: usize) -> Result<Vec<SignedMembers>>;

    /// The conversations with these ids, in any order; unknown ids are left out.
    async fn find(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>>;

    /// Everybody in it, by id.
    async fn members(&self, id: ConversationId) -> Result<Vec<Membership>>;

    /// Someone's place in it.
    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Membership>>;

    /// Replaces an existing membership's settings; what the person may, and since when they are in, stays.
    async fn update_member(&self, membership: &Membership) -> Result<()>;

    /// All of someone's memberships, by conversation id.
    async fn of(&self, user: UserId) -> Result<Vec<Membership>>;
}
