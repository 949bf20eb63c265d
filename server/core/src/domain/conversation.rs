//! A conversation, and who is in it.

use serde::{Deserialize, Serialize};
use shared_types::{ConversationId, ConversationKind, Role, Seq, Timestamp, UserId};

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id; a direct one's is derived from the pair.
    pub id: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// Its title; direct ones have none.
    pub title: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many statements about its members were signed; 0 where that is not done.
    #[serde(default)]
    pub epoch: u64,
}

/// A person's place in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    /// No notifications before this moment.
    pub muted_until: Option<Timestamp>,
    /// Taken off the person's list until something newer than this position is said.
    pub hidden_seq: Option<Seq>,
    /// What was said up to here was said before the person came in, and is not shown to them.
    #[serde(default)]
    pub from_seq: Seq,
}

impl Membership {
    /// A new member without settings.
    pub const fn new(conversation: ConversationId, user: UserId, role: Role) -> Self {
        Self { conversation, user, role, muted_until: None, hidden_seq: None, from_seq: Seq(0) }
    }

    /// Whether it stands on the person's list while the log's head is `head`.
    pub fn is_listed(&self, head: Seq) -> bool {
        self.hidden_seq.is_none_or(|hidden| head > hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_conversation_comes_back_with_the_next_word() {
        let member = Membership::new(ConversationId::from([1; 16]), UserId::from([2; 16]), Role::Member);
        assert!(member.is_listed(Seq(0)));
        let hidden = Membership { hidden_seq: Some(Seq(5)), ..member };
        assert!(!hidden.is_listed(Seq(5)));
        assert!(hidden.is_listed(Seq(6)));
    }
}
