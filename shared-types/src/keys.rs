//! Public keys, and what devices leave for each other in their mailboxes. Binary values are standard base64.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ConversationId, DeviceId, MessageId, Role, Timestamp, UserId};

/// The public keys of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceKeys {
    /// Which device.
    pub id: DeviceId,
    /// With which it signs (32 bytes).
    pub ed25519: String,
    /// By which sessions know it (32 bytes).
    pub curve25519: String,
}

/// `PUT /keys/account`: the devices of a person, signed by the key of their account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewDeviceList {
    /// The account's signing key (Ed25519, 32 bytes).
    pub account_key: String,
    /// One more than the list before; a new account key begins where it likes above it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: u64,
    /// 1 to 32 devices; each signed in at some time.
    pub devices: Vec<DeviceKeys>,
    /// The account key's signature (64 bytes).
    pub signature: String,
}

/// `GET /users/{id}/devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceList {
    /// Whose.
    pub user_id: UserId,
    /// The account's signing key (Ed25519, 32 bytes).
    pub account_key: String,
    /// Only rises.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: u64,
    /// The devices.
    pub devices: Vec<DeviceKeys>,
    /// The account key's signature (64 bytes).
    pub signature: String,
}

/// `POST /keys/devices`: what one knows of people's lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KnownLists {
    /// The version that one has of each person's list, 0 where one has none: 1 to 1,024 people.
    #[cfg_attr(feature = "ts", ts(type = "Record<UserId, number>"))]
    pub known: BTreeMap<UserId, u64>,
}

/// The answer: the lists that are of another version than is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangedLists {
    /// In any order; people without a list are missing.
    pub lists: Vec<DeviceList>,
}

/// What a key is for with which a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PrekeyKind {
    /// Given to one device once (Curve25519).
    OneTime,
    /// Given out when no one-time key is left (Curve25519).
    Fallback,
    /// For the post-quantum part of a beginning (ML-KEM-768).
    Kem,
}

/// A public key with its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicKey {
    /// 1 to 32 characters; unique among the device's keys.
    pub id: String,
    /// 32 bytes; 1,184 for the post-quantum part.
    pub key: String,
}

/// `PUT /keys/device`: keys with which others can begin sessions with this device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPrekeys {
    /// At most 50 more one-time keys.
    #[serde(default)]
    pub one_time: Vec<PublicKey>,
    /// The new fallback key; the old one stays where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<PublicKey>,
    /// The new post-quantum key; the old one stays where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kem: Option<PublicKey>,
    /// The device's signature (64 bytes) for each of them, by key id.
    pub signatures: BTreeMap<String, String>,
}

/// How many one-time keys the directory holds for this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrekeysLeft {
    /// One is used up by each device that begins a session.
    pub one_time_left: u32,
}

/// A key with its device's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prekey {
    /// Its id among the device's keys.
    pub id: String,
    /// The key.
    pub key: String,
    /// The device's signature (64 bytes).
    pub signature: String,
}

/// One device of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Address {
    /// The person.
    pub user_id: UserId,
    /// The device.
    pub device_id: DeviceId,
}

/// `POST /keys/claim`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimKeys {
    /// 1 to 100 devices.
    pub devices: Vec<Address>,
}

/// What a session with one device begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimedKeys {
    /// Which device.
    #[serde(flatten)]
    pub address: Address,
    /// Whether the prekey is a one-time key, or the fallback.
    pub kind: PrekeyKind,
    /// The one-time key, or the fallback.
    pub prekey: Prekey,
    /// The post-quantum key.
    pub kem: Prekey,
}

/// The answer to `POST /keys/claim`; devices without keys are missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Claimed {
    /// One for each device that had keys.
    pub keys: Vec<ClaimedKeys>,
}

/// The post-quantum part of a box, until its session was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KemPart {
    /// To which key.
    pub key_id: String,
    /// The encapsulated secret (1,088 bytes).
    pub ciphertext: String,
}

/// A small box for one device, opaque to the server: the key to a message, or one of a group's sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyBox {
    /// For which device.
    #[serde(flatten)]
    pub to: Address,
    /// The box.
    pub body: String,
    /// There until the other device has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kem: Option<KemPart>,
}

/// A box that goes without a message: a sender key, or a request to send one again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyMail {
    /// Chosen by the sender (`UUIDv7`); sending it again is harmless.
    pub id: MessageId,
    /// In which conversation both are.
    pub conversation_id: ConversationId,
    /// The box.
    #[serde(rename = "box")]
    pub key_box: KeyBox,
}

/// `POST /mailbox`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendKeyMail {
    /// 1 to 100 boxes.
    pub mail: Vec<KeyMail>,
}

/// A box that waits for this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MailboxItem {
    /// The message it belongs to, or the id that its sender chose.
    pub id: MessageId,
    /// From which device.
    pub from: Address,
    /// In which conversation.
    pub conversation_id: ConversationId,
    /// The box.
    pub body: String,
    /// The post-quantum part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kem: Option<KemPart>,
    /// When it was put there.
    pub received_at: Timestamp,
}

/// `GET /mailbox`: oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mailbox {
    /// At most 100; what was acknowledged is gone.
    pub items: Vec<MailboxItem>,
    /// Whether there are more after these.
    pub has_more: bool,
}

/// `POST /mailbox/ack`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AckMailbox {
    /// Whose content is safe on this device: 1 to 1,000.
    pub ids: Vec<MessageId>,
}

/// `POST /keys/health`: how it goes with a device's keys, as numbers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeysHealth {
    /// Messages that did not open within a minute, since the last report; at most 10,000.
    pub undecryptable: u32,
    /// Of all those, how many opened since; at most 10,000.
    pub repaired: u32,
}

/// The members of a group, signed by somebody who may change them, so that the server can't add any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedMembers {
    /// Of which group.
    pub conversation_id: ConversationId,
    /// 1 when the group is made, one more with each change.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub epoch: u64,
    /// The hash of the statement before (32 bytes); of zeros for the first.
    pub previous: String,
    /// By ascending user id.
    pub members: Vec<MemberRole>,
    /// Who signed, on which device.
    pub signer: Address,
    /// The signature of that person's account key (64 bytes).
    pub signature: String,
}

/// `GET /conversations/{id}/statements`: a stretch of a group's chain of statements.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statements {
    /// In their order, at most 100.
    pub statements: Vec<SignedMembers>,
    /// Whether there are more after these.
    pub has_more: bool,
}

/// A member of a group, and what they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberRole {
    /// Who.
    pub user_id: UserId,
    /// What they may.
    pub role: Role,
}
