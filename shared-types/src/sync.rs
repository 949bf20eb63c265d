//! Catching up after any absence.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Conversation, ConversationId, Message, Seq, keys::MailboxItem, receipt::Watermarks};

/// `POST /sync`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncRequest {
    /// The highest position the client has, without a gap, of each conversation it knows.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "Record<ConversationId, Seq>"))]
    pub heads: BTreeMap<ConversationId, Seq>,
}

/// What was missed in one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncedConversation {
    /// The conversation as it is now.
    pub conversation: Conversation,
    /// By ascending `seq`. With a head: what follows it. Without: the newest page.
    pub messages: Vec<Message>,
    /// Every member's watermarks as they are now.
    pub receipts: Vec<Watermarks>,
    /// With a head: more follows these. Without: older ones exist.
    pub has_more: bool,
}

/// The answer to `POST /sync`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncResponse {
    /// All of one's conversations; those with nothing new carry no messages.
    pub conversations: Vec<SyncedConversation>,
    /// Those of the given heads that one is no member of any more.
    pub left: Vec<ConversationId>,
    /// The first key-exchange messages that wait for this device; `GET /mailbox` has the rest.
    pub mailbox: Vec<MailboxItem>,
}
