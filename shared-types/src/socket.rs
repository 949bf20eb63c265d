//! The socket's calls and events. Their wire names stand here and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Conversation, ConversationId, DeviceId, Message, Problem, Receipt, Secret, Seq, Timestamp, UserId,
    entry::{Accepted, NewMessage},
    keys::MailboxItem,
    receipt::NewReceipt,
};

/// A call over the socket: its name, and what a good answer carries.
pub trait Call: serde::de::DeserializeOwned {
    /// The event's name on the wire.
    const NAME: &'static str;
    /// What stands beside `ok: true`.
    type Reply: Serialize;
}

macro_rules! calls {
    ($($name:literal $call:ident -> $reply:ty;)+) => {
        $(impl Call for $call {
            const NAME: &'static str = $name;
            type Reply = $reply;
        })+
        /// Every call: wire name, payload type, reply type.
        pub const CALLS: &[(&str, &str, &str)] = &[$(($name, stringify!($call), stringify!($reply))),+];
    };
}

calls! {
    "message:send" SendMessage -> Accepted;
    "receipt" RaiseReceipt -> Done;
    "typing" Typing -> Done;
    "presence:watch" WatchPresence -> PresenceStates;
    "link" SendLink -> Done;
    "auth:renew" RenewAuth -> Renewed;
}

/// The acknowledgement of a call: `{ok: true, ...}` or `{ok: false, error}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ack<T> {
    /// It was done.
    Ok(T),
    /// It was not.
    Error(Box<Problem>),
}

impl<T: Serialize> Serialize for Ack<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Good<'a, T> {
            ok: bool,
            #[serde(flatten)]
            reply: &'a T,
        }
        #[derive(Serialize)]
        struct Bad<'a> {
            ok: bool,
            error: &'a Problem,
        }
        match self {
            Self::Ok(reply) => Good { ok: true, reply }.serialize(serializer),
            Self::Error(error) => Bad { ok: false, error }.serialize(serializer),
        }
    }
}

/// `message:send`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendMessage {
    /// Where to.
    pub conversation_id: ConversationId,
    /// What.
    #[serde(flatten)]
    pub message: NewMessage,
}

/// `receipt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RaiseReceipt {
    /// Where.
    pub conversation_id: ConversationId,
    /// How far.
    #[serde(flatten)]
    pub receipt: NewReceipt,
}

/// `typing`, from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Typing {
    /// Where.
    pub conversation_id: ConversationId,
    /// Whether one is typing now.
    pub active: bool,
}

/// `presence:watch`: replaces the set of people this socket watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WatchPresence {
    /// At most 500 people.
    pub user_ids: Vec<UserId>,
}

/// `link`: a step of linking a new device, from one of a person's devices to the others. Nothing is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SendLink {
    /// To which; to all others where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DeviceId>,
    /// Opaque to the server: 1 to 4,096 characters.
    pub body: String,
}

/// The `link` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkEvent {
    /// From which of one's devices.
    pub from: DeviceId,
    /// To which; to all others where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DeviceId>,
    /// What the other device sent.
    pub body: String,
}

/// `auth:renew`: a fresh access token for the same session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewAuth {
    /// The access token.
    pub token: Secret,
}

/// The answer to `auth:renew`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Renewed {
    /// When the socket's authorisation now ends.
    pub expires_at: Timestamp,
}

/// An answer with nothing more to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Done {}

/// The answer to `presence:watch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PresenceStates {
    /// One for each person asked for, in that order.
    pub states: Vec<Presence>,
}

/// Whether someone is there; offline and without a time for people one shares no conversation with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Presence {
    /// Who.
    pub user_id: UserId,
    /// Whether a device of theirs is connected.
    pub online: bool,
    /// When one last was.
    pub last_seen: Option<Timestamp>,
}

/// `typing`, to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypingEvent {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub user_id: UserId,
    /// Whether they are typing now.
    pub active: bool,
}

/// `ready`: once after connecting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ready {
    /// Which pod holds the socket.
    pub pod: String,
    /// The server's clock.
    pub server_time: Timestamp,
    /// The newest position of each of one's conversations.
    #[cfg_attr(feature = "ts", ts(type = "Record<ConversationId, Seq>"))]
    pub heads: BTreeMap<ConversationId, Seq>,
}

/// What changed about a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ConversationChange {
    /// It is new to this person.
    Created,
    /// Its title or one's own settings changed.
    Updated,
    /// Someone joined.
    MemberJoined,
    /// Someone left.
    MemberLeft,
    /// It is gone for this person.
    Removed,
}

/// The `conversation` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationEvent {
    /// What changed.
    pub change: ConversationChange,
    /// The conversation as it is now.
    pub conversation: Conversation,
}

/// The `message` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveMessage {
    /// The entry.
    #[serde(flatten)]
    pub message: Message,
    /// The box that this device has for it in its mailbox, so that it need not be fetched.
    #[serde(default, rename = "box", skip_serializing_if = "Option::is_none")]
    pub key_box: Option<MailboxItem>,
}

/// The `mailbox` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MailboxEvent {
    /// How many new key-exchange messages wait for this device.
    pub count: u32,
    /// These, so that they need not be fetched; acknowledged like those that were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<MailboxItem>>"))]
    pub items: Vec<MailboxItem>,
}

/// The `keys` event: this device should bring new keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeysEvent {
    /// Which of the person's devices.
    pub device_id: DeviceId,
    /// How many one-time keys the directory has of it.
    pub one_time_left: u32,
}

/// The `devices` event: one's own list of devices has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DevicesEvent {
    /// Its version now.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: u64,
}

/// Why the server speaks of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SessionReason {
    /// The access token ends; send `auth:renew` within 30 s.
    Expiring,
    /// The session was ended; the socket closes.
    Revoked,
    /// The pod is going; connect again after `reconnect_in` milliseconds.
    Draining,
}

/// The `session` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionEvent {
    /// Why.
    pub reason: SessionReason,
    /// Milliseconds to wait before connecting again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub reconnect_in: Option<u64>,
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident $name:literal $payload:ident;)+) => {
        /// What the server pushes over a socket.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "event", content = "data")]
        pub enum ServerEvent {$( $(#[$doc])* #[serde(rename = $name)] $variant($payload), )+}

        impl ServerEvent {
            /// Its name on the wire.
            pub const fn name(&self) -> &'static str {
                match self {$( Self::$variant(_) => $name, )+}
            }
            /// Its payload, as JSON.
            pub fn data(&self) -> serde_json::Result<Box<serde_json::value::RawValue>> {
                match self {$( Self::$variant(payload) => serde_json::value::to_raw_value(payload), )+}
            }
        }
        /// Every event: wire name, payload type.
        pub const EVENTS: &[(&str, &str)] = &[$(($name, stringify!($payload))),+];
    };
}

events! {
    /// The socket is set up.
    Ready "ready" Ready;
    /// A new entry in one of one's conversations.
    Message "message" LiveMessage;
    /// Someone's watermarks rose.
    Receipt "receipt" Receipt;
    /// Someone is typing, or stopped.
    Typing "typing" TypingEvent;
    /// Someone watched came or went.
    Presence "presence" Presence;
    /// A conversation appeared, changed or went.
    Conversation "conversation" ConversationEvent;
    /// Key-exchange messages wait.
    Mailbox "mailbox" MailboxEvent;
    /// The directory wants new keys of a device.
    Keys "keys" KeysEvent;
    /// One's own list of devices has changed.
    Devices "devices" DevicesEvent;
    /// A step of linking a new device of one's own.
    Link "link" LinkEvent;
    /// The session is about to end, has ended, or should move to another pod.
    Session "session" SessionEvent;
}
