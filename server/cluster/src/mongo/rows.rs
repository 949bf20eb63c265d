//! The documents, and how they become the domain's values. Ids are binary UUIDs, moments are dates.

use mongodb::bson::{Binary, DateTime, Uuid as BsonUuid, spec::BinarySubtype};
use serde::{Deserialize, Serialize};
use shared_types::{ConversationId, DeviceId, EntryKind, MessageId, Seq, Timestamp, UserId, account::Device};
use sotto_core::{
    PortError,
    domain::{
        account::Account,
        entry::Entry,
        receipt::Watermark,
        session::{Session, TokenHash},
    },
    sabotage::Sabotage,
};

/// A document's type, and where it is kept.
pub(crate) trait Shape: Serialize + for<'de> Deserialize<'de> + Send + Sync {
    /// The collection's name.
    const COLLECTION: &'static str;
}

/// An id.
pub(crate) type Id = BsonUuid;

pub(crate) fn id(bytes: [u8; 16]) -> Id {
    Id::from_bytes(bytes)
}

/// Two ids as one key.
pub(crate) fn pair(first: [u8; 16], second: [u8; 16]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: [first, second].concat() }
}

pub(crate) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.0)
}

pub(crate) fn moment(at: DateTime) -> Timestamp {
    Timestamp(at.timestamp_millis())
}

/// A count as MongoDB keeps it; it has no unsigned numbers.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A position, likewise.
pub(crate) fn number(seq: Seq) -> i64 {
    count(seq.0)
}

pub(crate) fn seq(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or_default())
}

pub(crate) fn damaged(what: &'static str) -> PortError {
    PortError::new("store", format!("a document of `{what}` is damaged"))
}

#[derive(Serialize, Deserialize)]
pub(crate) struct AccountRow {
    #[serde(rename = "_id")]
    id: Id,
    username: String,
    display_name: String,
    password_hash: String,
    created_at: DateTime,
}

impl Shape for AccountRow {
    const COLLECTION: &'static str = "users";
}

impl From<&Account> for AccountRow {
    fn from(account: &Account) -> Self {
        Self {
            id: id(account.id.bytes()),
            username: account.username.clone(),
            display_name: account.display_name.clone(),
            password_hash: account.password_hash.clone(),
            created_at: date(account.created_at),
        }
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: UserId::from(row.id.bytes()),
            username: row.username,
            display_name: row.display_name,
            password_hash: row.password_hash,
            created_at: moment(row.created_at),
        }
    }
}

/// Who has a name: the small unsharded collection that keeps names unique.
#[derive(Serialize, Deserialize)]
pub(crate) struct UsernameRow {
    #[serde(rename = "_id")]
    pub(crate) name: String,
    pub(crate) user_id: Id,
    pub(crate) reserved_at: DateTime,
}

impl Shape for UsernameRow {
    const COLLECTION: &'static str = "usernames";
}

#[derive(Serialize, Deserialize)]
pub(crate) struct BlockRow {
    /// by, whom
    #[serde(rename = "_id")]
    pub(crate) key: Binary,
    pub(crate) by: Id,
    pub(crate) whom: Id,
}

impl Shape for BlockRow {
    const COLLECTION: &'static str = "blocks";
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SessionRow {
    #[serde(rename = "_id")]
    id: Id,
    user_id: Id,
    device_id: Id,
    device_name: String,
    platform: String,
    created_at: DateTime,
    last_used_at: DateTime,
    newest: Binary,
    before: Option<Binary>,
    ended_at: Option<DateTime>,
}

impl Shape for SessionRow {
    const COLLECTION: &'static str = "sessions";
}

/// A token's hash as it is kept.
pub(crate) fn hash(token: TokenHash) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: token.0.to_vec() }
}

fn token(kept: &Binary) -> Result<TokenHash, PortError> {
    kept.bytes.as_slice().try_into().map(TokenHash).map_err(|_| damaged("sessions"))
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            id: id(session.id.bytes()),
            user_id: id(session.user.bytes()),
            device_id: id(session.device.id.bytes()),
            device_name: session.device.name.clone(),
            platform: session.device.platform.clone(),
            created_at: date(session.created_at),
            last_used_at: date(session.last_used_at),
            newest: hash(session.newest),
            before: session.before.map(hash),
            ended_at: session.ended_at.map(date),
        }
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = PortError;

    fn try_from(row: SessionRow) -> Result<Self, PortError> {
        Ok(Self {
            id: row.id.bytes().into(),
            user: row.user_id.bytes().into(),
            device: Device { id: row.device_id.bytes().into(), name: row.device_name, platform: row.platform },
            created_at: moment(row.created_at),
            last_used_at: moment(row.last_used_at),
            newest: token(&row.newest)?,
            before: row.before.as_ref().map(token).transpose()?,
            ended_at: row.ended_at.map(moment),
        })
    }
}

/// An entry of a log. Its `_id` is conversation and message id: an id stands in a conversation once.
#[derive(Serialize, Deserialize)]
pub(crate) struct EntryRow {
    #[serde(rename = "_id")]
    pub(crate) key: Binary,
    pub(crate) conversation_id: Id,
    pub(crate) seq: i64,
    id: Id,
    kind: EntryKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    target: Option<Id>,
    sender_id: Id,
    sender_device_id: Id,
    sent_at: DateTime,
    /// The contract's JSON, byte for byte: the store has no business in it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    envelope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reply_to: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    expires_at: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stamp: Option<String>,
    /// When to take the envelope; gone once that is done, and with it the row from its index.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    empty_at: Option<DateTime>,
}

impl Shape for EntryRow {
    const COLLECTION: &'static str = "messages";
}

/// How far a member has got.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReceiptRow {
    /// conversation, user
    #[serde(rename = "_id")]
    pub(crate) key: Binary,
    pub(crate) conversation_id: Id,
    pub(crate) user_id: Id,
    delivered: i64,
    read: i64,
}

impl Shape for ReceiptRow {
    const COLLECTION: &'static str = "receipts";
}

impl ReceiptRow {
    pub(crate) fn mark(&self) -> Watermark {
        Watermark { delivered: seq(self.delivered), read: seq(self.read) }
    }
}

/// The key of a message in a conversation.
pub(crate) fn message(conversation: ConversationId, id: MessageId) -> Binary {
    pair(conversation.bytes(), id.bytes())
}

pub(crate) fn json_of<T: Serialize>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|error| PortError::new("store", error))
}

fn json<T: Serialize>(value: Option<&T>) -> Result<Option<String>, PortError> {
    value.map(json_of).transpose()
}

fn parsed<T: for<'de> Deserialize<'de>>(kept: Option<&String>) -> Result<Option<T>, PortError> {
    kept.map(|text| serde_json::from_str(text)).transpose().map_err(|_| damaged("messages"))
}

impl TryFrom<&Entry> for EntryRow {
    type Error = PortError;

    fn try_from(entry: &Entry) -> Result<Self, PortError> {
        let key = if Sabotage::NoDedupe.is_on() {
            pair(entry.conversation_id.bytes(), *uuid::Uuid::now_v7().as_bytes())
        } else {
            message(entry.conversation_id, entry.id)
        };
        Ok(Self {
            key,
            conversation_id: id(entry.conversation_id.bytes()),
            seq: number(entry.seq),
            id: id(entry.id.bytes()),
            kind: entry.kind,
            target: entry.target.map(|target| id(target.bytes())),
            sender_id: id(entry.sender_id.bytes()),
            sender_device_id: id(entry.sender_device_id.bytes()),
            sent_at: date(entry.sent_at),
            envelope: json(entry.envelope.as_ref())?,
            system: json(entry.system.as_ref())?,
            reply_to: entry.reply_to.map(|reply_to| id(reply_to.bytes())),
            expires_at: entry.expires_at.map(date),
            stamp: entry.stamp.clone(),
            empty_at: entry.envelope.as_ref().and(entry.expires_at).map(date),
        })
    }
}

impl TryFrom<EntryRow> for Entry {
    type Error = PortError;

    fn try_from(row: EntryRow) -> Result<Self, PortError> {
        Ok(Self {
            id: row.id.bytes().into(),
            conversation_id: row.conversation_id.bytes().into(),
            seq: seq(row.seq),
            kind: row.kind,
            target: row.target.map(|target| MessageId::from(target.bytes())),
            sender_id: row.sender_id.bytes().into(),
            sender_device_id: DeviceId::from(row.sender_device_id.bytes()),
            sent_at: moment(row.sent_at),
            envelope: parsed(row.envelope.as_ref())?,
            system: parsed(row.system.as_ref())?,
            reply_to: row.reply_to.map(|reply_to| MessageId::from(reply_to.bytes())),
            expires_at: row.expires_at.map(moment),
            stamp: row.stamp,
        })
    }
}
