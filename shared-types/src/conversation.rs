//! Conversations and their members.

use serde::{Deserialize, Serialize};

use crate::{ConversationId, Message, Seq, Timestamp, User, UserId, keys::SignedMembers};

/// The kinds of conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ConversationKind {
    /// Two people, private.
    Direct,
    /// 2 to 1,024 people, private.
    Group,
    /// Open and moderated; readable by the server.
    Community,
}

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Talk.
    Member,
    /// Also manage members and title.
    Admin,
    /// Also manage admins and the conversation itself.
    Owner,
}

/// A person in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// Who.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// The highest position that reached them.
    pub delivered_seq: Seq,
    /// The highest position they have read.
    pub read_seq: Seq,
}

/// One's own place in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct My {
    /// What one may do.
    pub role: Role,
    /// The highest position that reached one of one's devices.
    pub delivered_seq: Seq,
    /// The highest position one has read.
    pub read_seq: Seq,
    /// No notifications before this moment.
    pub muted_until: Option<Timestamp>,
    /// What was said up to here was said before one came in, and is not shown; left out where that is nothing.
    #[serde(default, skip_serializing_if = "is_start")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Seq>"))]
    pub from_seq: Seq,
}

/// A conversation, as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its kind.
    pub kind: ConversationKind,
    /// Its title; direct ones have none.
    pub title: Option<String>,
    /// Its members, oneself among them.
    pub members: Vec<Member>,
    /// How many statements about its members were signed; left out where that is not done.
    #[serde(default, skip_serializing_if = "is_none_signed")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<f64>"))]
    pub epoch: u64,
    /// The position of its newest entry; 0 when it is empty.
    pub head_seq: Seq,
    /// Its newest entry.
    pub last_message: Option<Message>,
    /// One's own place in it.
    pub my: My,
    /// When it was made.
    pub created_at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_start(seq: &Seq) -> bool {
    *seq == Seq(0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_none_signed(epoch: &u64) -> bool {
    *epoch == 0
}

/// `GET /conversations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationList {
    /// By newest entry, newest first.
    pub conversations: Vec<Conversation>,
}

/// `POST /conversations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewConversation {
    /// Its kind.
    pub kind: ConversationKind,
    /// The other person of a direct one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The title of a group or community: 1 to 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The first members of a group or community, besides oneself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<UserId>>"))]
    pub user_ids: Vec<UserId>,
    /// The id of a group, where its members are signed (`UUIDv7`); making it again is harmless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ConversationId>,
    /// The first statement about a group's members. Required where private conversations take only sealed envelopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<SignedMembers>,
}

impl NewConversation {
    /// With one other person.
    pub const fn direct(user: UserId) -> Self {
        Self {
            kind: ConversationKind::Direct,
            user_id: Some(user),
            title: None,
            user_ids: Vec::new(),
            id: None,
            statement: None,
        }
    }

    /// With several, whose membership nobody signs.
    pub const fn of_many(kind: ConversationKind, title: Option<String>, user_ids: Vec<UserId>) -> Self {
        Self { kind, user_id: None, title, user_ids, id: None, statement: None }
    }
}

/// `POST /conversations/{id}/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddMembers {
    /// Who comes in; those who are in already are passed over.
    pub user_ids: Vec<UserId>,
    /// The statement that brings them in, in a group whose members are signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<SignedMembers>,
}

/// `PATCH /conversations/{id}/members/{user_id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeMember {
    /// What they may do from now on.
    pub role: Role,
    /// The statement that says so, in a group whose members are signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<SignedMembers>,
}

/// `DELETE /conversations/{id}/members/{user_id}`; without a body where members are not signed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemoveMember {
    /// The statement without them, in a group whose members are signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<SignedMembers>,
}

/// `PATCH /conversations/{id}`: one's own settings of it. What is left out stays; `null` clears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields = nullable))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateConversation {
    /// No notifications before this moment; `null` ends the silence.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub muted_until: Option<Option<Timestamp>>,
}

#[expect(clippy::option_option, reason = "JSON has three cases: left out, null, a value")]
/// Tells `null` (`Some(None)`) from a field that is left out (`None`).
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
