//! What a host may ask of a device.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared_types::{
    ConversationId, EntryKind, Message, MessageId, Role, UserId,
    keys::{Address, ClaimedKeys, DeviceKeys, DeviceList, MailboxItem, SignedMembers},
};

use zeroize::Zeroizing;

use crate::{backup::Lock, device::Draft};

/// What a host may ask.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Request {
    /// Gives the device a fresh account key: for a new account, or one that begins anew.
    BeginAccount,
    /// Begins the account anew on this device alone: the key of before is out of reach. The list that says so.
    BeginAnew {
        /// The version of the list that stands.
        above: u64,
    },
    /// This device, as it is.
    #[serde(rename = "self")]
    Own,
    /// A signed list of the account's devices: the one before with these added, and others removed.
    SignDevices {
        /// The list that stands.
        before: Option<DeviceList>,
        /// Devices that come in.
        add: Vec<DeviceKeys>,
        /// Devices that go.
        remove: Vec<shared_types::DeviceId>,
    },
    /// New prekeys, if the directory wants some.
    NewPrekeys {
        /// How many one-time keys it has.
        left: u32,
    },
    /// The directory has taken them.
    PrekeysTaken,
    /// Takes in device lists.
    Learn {
        /// The lists.
        lists: Vec<DeviceList>,
    },
    /// Takes in a list with another account key, as the person agreed.
    AcceptAccountKey {
        /// The list.
        list: DeviceList,
    },
    /// What is known of a person.
    Peer {
        /// Who.
        user: UserId,
    },
    /// The person has compared a safety number, or takes that back.
    SetVerified {
        /// Whose.
        user: UserId,
        /// Whether it is the same.
        verified: bool,
    },
    /// Which devices of these people have to be begun with.
    Unreached {
        /// Whose.
        users: Vec<UserId>,
    },
    /// Begins sessions.
    Begin {
        /// What the directory gave.
        claimed: Vec<ClaimedKeys>,
    },
    /// Seals a message of two people.
    SealDirect {
        /// The message.
        draft: NewDraft,
        /// The other person.
        with: UserId,
    },
    /// Seals a message for a group.
    SealGroup {
        /// The message.
        draft: NewDraft,
    },
    /// The server has accepted a message.
    Accepted {
        /// Which.
        id: MessageId,
    },
    /// The server has refused a message of a group for what has changed since: it is sealed anew.
    Refused {
        /// Which.
        id: MessageId,
    },
    /// Opens boxes.
    Receive {
        /// In the order of the mailbox.
        items: Vec<MailboxItem>,
    },
    /// Opens messages.
    Open {
        /// Each with what was kept under its record's name.
        messages: Vec<ToOpen>,
    },
    /// The boxes that wait to be posted.
    Mail,
    /// These are posted.
    Posted {
        /// Which.
        ids: Vec<MessageId>,
    },
    /// Asks a device for the keys to its messages once more; `false` where that was done within the hour.
    AskAgain {
        /// Whom.
        device: Address,
        /// A conversation that both are in.
        conversation: ConversationId,
        /// Which messages.
        messages: Vec<MessageId>,
        /// What the directory gave to begin anew.
        claimed: Option<ClaimedKeys>,
    },
    /// Whether a new session may be begun with a device because the old one fails.
    MayRepair {
        /// Which.
        device: Address,
    },
    /// Answers a device that asked.
    Answer {
        /// Whom.
        device: Address,
        /// What was kept of the messages: id and record (base64).
        kept: Vec<(MessageId, String)>,
    },
    /// Follows a group's members.
    Follow {
        /// The statements, in order.
        statements: Vec<SignedMembers>,
    },
    /// Signs new members of a group.
    SignMembers {
        /// Which group.
        conversation: ConversationId,
        /// Who is in it from then on.
        roles: BTreeMap<UserId, Role>,
    },
    /// A group as far as it was followed, with the versions of its members' device lists.
    Group {
        /// Which.
        conversation: ConversationId,
    },
    /// Speaks no more in a group that this person is no member of any more. Who was in it stays known.
    StopSpeaking {
        /// Which.
        conversation: ConversationId,
    },
    /// A fresh recovery key, to be shown once.
    NewRecoveryKey,
    /// Locks the account's secrets for the backup, under a recovery key or a passphrase.
    Lock(Opener),
    /// Opens a lock of the backup, and links this device with what it guarded.
    Unlock {
        /// The lock, as the server keeps it.
        lock: Lock,
        /// What opens it.
        #[serde(flatten)]
        opener: Opener,
    },
    /// Seals a part of the backup.
    BackUp {
        /// Its number.
        number: u64,
        /// Records under `known/`: name and inside (base64).
        kept: Vec<(String, String)>,
    },
    /// Takes in a part of the backup.
    Restore {
        /// Its number.
        number: u64,
        /// The part (base64).
        sealed: String,
    },
    /// On a new device: begins to wait for one that is linked.
    LinkStart,
    /// On a linked device: the person typed the code of a new one, whose key came through the server.
    LinkScan {
        /// The key (base64).
        key: String,
        /// What was typed.
        code: String,
    },
    /// On the new device: what the linked one sent first.
    LinkAccept {
        /// The channel's first message.
        first: String,
    },
    /// On the linked device: the person said that the digits are the same.
    LinkHandOver,
    /// On the new device: the secrets came.
    LinkTakeOver {
        /// Sealed for this channel.
        sealed: String,
    },
}

/// What opens the backup.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Opener {
    /// As it is typed.
    Recovery(Zeroizing<String>),
    Passphrase(Zeroizing<String>),
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opener(..)")
    }
}

/// A message to seal.
#[derive(Debug, Deserialize)]
pub(super) struct NewDraft {
    conversation: ConversationId,
    id: MessageId,
    kind: EntryKind,
    target: Option<MessageId>,
    reply_to: Option<MessageId>,
    body: String,
}

/// A message to open.
#[derive(Debug, Deserialize)]
pub(super) struct ToOpen {
    pub(super) message: Message,
    /// What was kept of it (base64).
    pub(super) record: Option<String>,
}

impl NewDraft {
    pub(super) fn as_draft(&self) -> Draft<'_> {
        Draft {
            conversation: self.conversation,
            id: self.id,
            kind: self.kind,
            target: self.target,
            reply_to: self.reply_to,
            body: self.body.as_bytes(),
        }
    }
}
