//! The documents of conversations and their members.

use mongodb::bson::{Binary, DateTime, Document, doc, spec::BinarySubtype};
use serde::{Deserialize, Serialize};
use shared_types::{Role, keys::SignedMembers};
use sotto_core::{
    PortError,
    domain::conversation::{Conversation, Membership},
};

use super::rows::{Id, Shape, count, damaged, date, id, json_of, moment, number, pair, seq};

#[derive(Serialize, Deserialize)]
pub(crate) struct ConversationRow {
    #[serde(rename = "_id")]
    id: Id,
    kind: shared_types::ConversationKind,
    title: Option<String>,
    created_at: DateTime,
    #[serde(default)]
    epoch: i64,
}

impl Shape for ConversationRow {
    const COLLECTION: &'static str = "conversations";
}

impl From<&Conversation> for ConversationRow {
    fn from(conversation: &Conversation) -> Self {
        Self {
            id: id(conversation.id.bytes()),
            kind: conversation.kind,
            title: conversation.title.clone(),
            created_at: date(conversation.created_at),
            epoch: count(conversation.epoch),
        }
    }
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        Self {
            id: row.id.bytes().into(),
            kind: row.kind,
            title: row.title,
            created_at: moment(row.created_at),
            epoch: u64::try_from(row.epoch).unwrap_or_default(),
        }
    }
}

/// A statement about a group's members.
#[derive(Serialize, Deserialize)]
pub(crate) struct StatementRow {
    /// conversation, epoch
    #[serde(rename = "_id")]
    key: Binary,
    conversation_id: Id,
    epoch: i64,
    /// The contract's JSON: what was signed comes out as it went in.
    statement: String,
}

impl Shape for StatementRow {
    const COLLECTION: &'static str = "statements";
}

impl TryFrom<&SignedMembers> for StatementRow {
    type Error = PortError;

    fn try_from(statement: &SignedMembers) -> Result<Self, PortError> {
        let conversation = statement.conversation_id.bytes();
        let key = [&conversation[..], &statement.epoch.to_be_bytes()].concat();
        Ok(Self {
            key: Binary { subtype: BinarySubtype::Generic, bytes: key },
            conversation_id: id(conversation),
            epoch: count(statement.epoch),
            statement: json_of(statement)?,
        })
    }
}

impl TryFrom<&StatementRow> for SignedMembers {
    type Error = PortError;

    fn try_from(row: &StatementRow) -> Result<Self, PortError> {
        serde_json::from_str(&row.statement).map_err(|_| damaged("statements"))
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct MemberRow {
    /// conversation, user
    #[serde(rename = "_id")]
    pub(crate) key: Binary,
    pub(crate) conversation_id: Id,
    pub(crate) user_id: Id,
    role: Role,
    muted_until: Option<DateTime>,
    hidden_seq: Option<i64>,
    #[serde(default)]
    from_seq: i64,
}

impl Shape for MemberRow {
    const COLLECTION: &'static str = "members";
}

impl From<&Membership> for MemberRow {
    fn from(member: &Membership) -> Self {
        Self {
            key: pair(member.conversation.bytes(), member.user.bytes()),
            conversation_id: id(member.conversation.bytes()),
            user_id: id(member.user.bytes()),
            role: member.role,
            muted_until: member.muted_until.map(date),
            hidden_seq: member.hidden_seq.map(number),
            from_seq: number(member.from_seq),
        }
    }
}

impl From<MemberRow> for Membership {
    fn from(row: MemberRow) -> Self {
        Self {
            conversation: row.conversation_id.bytes().into(),
            user: row.user_id.bytes().into(),
            role: row.role,
            muted_until: row.muted_until.map(moment),
            hidden_seq: row.hidden_seq.map(seq),
            from_seq: seq(row.from_seq),
        }
    }
}

/// The mirror of `members` by user: one's list of conversations, in one shard.
#[derive(Serialize, Deserialize)]
pub(crate) struct MembershipRow {
    /// user, conversation
    #[serde(rename = "_id")]
    pub(crate) key: Binary,
    pub(crate) user_id: Id,
    pub(crate) conversation_id: Id,
}

impl From<&Membership> for MembershipRow {
    fn from(member: &Membership) -> Self {
        Self {
            key: pair(member.user.bytes(), member.conversation.bytes()),
            user_id: id(member.user.bytes()),
            conversation_id: id(member.conversation.bytes()),
        }
    }
}

impl Shape for MembershipRow {
    const COLLECTION: &'static str = "memberships";
}

impl MemberRow {
    /// What of a membership its person sets themself.
    pub(crate) fn settings(member: &Membership) -> Document {
        doc! {
            "muted_until": member.muted_until.map(date),
            "hidden_seq": member.hidden_seq.map(number),
        }
    }

    /// What is written once, when a member comes in.
    pub(crate) fn beginning(member: &Membership) -> Document {
        let mut all = Self::settings(member);
        all.insert("_id", pair(member.conversation.bytes(), member.user.bytes()));
        all.insert("from_seq", number(member.from_seq));
        all
    }
}
