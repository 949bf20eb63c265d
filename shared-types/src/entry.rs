//! Entries of a conversation's log, and what they carry.

use serde::{Deserialize, Serialize};

use crate::{ConversationId, DeviceId, MessageId, Role, Seq, Timestamp, UserId, keys::KeyBox};

/// What kind of entry it is; `edit`, `reaction` and `retract` name their target message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EntryKind {
    /// Something said.
    #[default]
    Message,
    /// New words for an earlier message of one's own.
    Edit,
    /// A reaction to a message, or its taking back.
    Reaction,
    /// Takes a message back for everyone; its words are gone from the server too.
    Retract,
    /// Something that happened to the conversation.
    System,
}

/// What an entry carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Envelope {
    /// Readable by the server: communities, and development servers that allow it.
    Plain {
        /// What is said.
        content: Content,
    },
    /// Opaque to the server.
    Sealed(Sealed),
}

/// Ciphertext, and what a device needs to open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sealed {
    /// How it was encrypted.
    pub scheme: String,
    /// The ciphertext, base64.
    pub ciphertext: String,
    /// What of its making is bound into it; there in scheme `sotto1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<SealContext>,
    /// In groups: the box with its key, for all who have the sender's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupBox>,
}

/// The part of a sealed message's header that does not stand in the entry itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SealContext {
    /// How often the members had changed, as far as the sender knew; 0 between two people.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub epoch: u64,
    /// The sender's clock, in milliseconds since 1970.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub ts: u64,
    /// Commits to what it says, so that a recipient can report it (32 bytes, base64).
    pub commitment: String,
}

/// A box for everyone who has the sender's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupBox {
    /// Which of the sender's keys (32 bytes, base64).
    pub chain: String,
    /// The box, base64.
    pub body: String,
}

/// What is inside an envelope; the same in plain and sealed ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Content {
    /// Words.
    Text {
        /// The words; not blank.
        text: String,
    },
    /// A reaction to the entry's target.
    Reaction {
        /// One emoji: 1 to 32 bytes.
        emoji: String,
        /// `false` takes it back.
        #[serde(default = "yes")]
        active: bool,
    },
}

const fn yes() -> bool {
    true
}

/// What happened to the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum System {
    /// It was made.
    Created,
    /// Someone joined.
    MemberJoined {
        /// Who.
        user_id: UserId,
    },
    /// Someone left.
    MemberLeft {
        /// Who.
        user_id: UserId,
    },
    /// Someone was removed by the sender.
    MemberRemoved {
        /// Who.
        user_id: UserId,
    },
    /// The sender changed what someone may do.
    RoleChanged {
        /// Who.
        user_id: UserId,
        /// What they may do now.
        role: Role,
    },
    /// It has a new title.
    TitleChanged {
        /// The new one.
        title: String,
    },
}

/// One entry of a conversation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Chosen by the sender.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// At which position.
    pub seq: Seq,
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// The message that an edit, reaction or retraction is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<MessageId>,
    /// Whose it is.
    pub sender_id: UserId,
    /// From which device.
    pub sender_device_id: DeviceId,
    /// When the server accepted it.
    pub sent_at: Timestamp,
    /// What it carries; absent once it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Envelope>,
    /// What happened, for `system` entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<System>,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// When it disappears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The server's stamp on a sealed message, by which it knows later, from a report, that it took it (32 bytes, base64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
}

/// `POST /conversations/{id}/messages`, and the rest of `message:send`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewMessage {
    /// The sender's id for it (`UUIDv7`); sending it again is harmless. The server chooses where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// `message` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EntryKind>,
    /// The message that an edit, reaction or retraction is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<MessageId>,
    /// What it carries; only a retraction has none. At most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Envelope>,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Seconds until it disappears: 1 to 31,536,000 (a year).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub expires_in: Option<u64>,
    /// In a conversation of two: a box with the message's key for each device of both people but the sender's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<KeyBox>>"))]
    pub boxes: Vec<KeyBox>,
    /// In a group whose members are signed: the sum of the versions of their device lists, as far as the sender knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub roster: Option<u64>,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Status {
    /// Durable, not yet in the log: a single tick.
    Accepted,
    /// In the log, at its position.
    Sent,
    /// All other members have it.
    Delivered,
    /// All other members have read it.
    Read,
}

/// What a sender hears once the message is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// The message's id.
    pub id: MessageId,
    /// Always `accepted`.
    pub status: Status,
}

/// `GET .../messages/{message_id}/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageStatus {
    /// How far it has come.
    pub status: Status,
    /// The other members who have it.
    pub delivered_to: Vec<UserId>,
    /// The other members who have read it.
    pub read_by: Vec<UserId>,
}

/// A page of a conversation's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessagePage {
    /// By ascending `seq`.
    pub messages: Vec<Message>,
    /// Whether there is more in the direction that was asked for.
    pub has_more: bool,
}
