//! The one call by which clients drive a device: JSON in, JSON out, the same in the browser and on the desktop.
//!
//! The answer carries what has to be committed. A host commits it, and only then acts on the rest of the answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared_types::{
    ConversationId, EntryKind, Message, MessageId, Role, Sealed, UserId,
    keys::{Address, ClaimedKeys, DeviceKeys, DeviceList, KeyBox, KeyMail, MailboxItem, NewPrekeys, SignedMembers},
};

use crate::{
    Error, Result,
    device::{AccountSecret, Device, Draft, Received, Step},
    list::{to_base64, unbase64_vec},
    vault::Changes,
};

/// What a host may ask.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Gives the device a fresh account key: for a new account, or one that begins anew.
    BeginAccount,
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
    /// Forgets a group.
    ForgetGroup {
        /// Which.
        conversation: ConversationId,
    },
}

/// A message to seal.
#[derive(Debug, Deserialize)]
pub struct NewDraft {
    conversation: ConversationId,
    id: MessageId,
    kind: EntryKind,
    target: Option<MessageId>,
    reply_to: Option<MessageId>,
    body: String,
}

/// A message to open.
#[derive(Debug, Deserialize)]
pub struct ToOpen {
    message: Message,
    /// What was kept of it (base64).
    record: Option<String>,
}

/// What a host is told.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Reply {
    Nothing {},
    Own { keys: DeviceKeys, account_key: Option<String> },
    List { list: DeviceList },
    Prekeys { prekeys: Option<NewPrekeys> },
    Outcomes { outcomes: Vec<Outcome> },
    Peer { list: Option<DeviceList>, is_verified: bool, safety_number: Option<String> },
    Devices { devices: Vec<Address> },
    Sealed { envelope: Sealed, boxes: Vec<KeyBox> },
    Mail { mail: Vec<KeyMail> },
    Asked { asked: bool },
    Members { statement: SignedMembers },
}

/// What became of one of several.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Done,
    /// The body of a message.
    Body(String),
    /// The key to a message came.
    Key(MessageId),
    /// A sender's key in a group came.
    Sender(ConversationId),
    /// A device asked for these.
    Asked(Address, Vec<MessageId>),
    /// Statements after this epoch are missing.
    After(u64),
    Failed(Failure),
}

#[derive(Debug, Serialize)]
struct Failure {
    remedy: &'static str,
    detail: String,
    /// Whom it is about, where it is about somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let user = match &error {
            Error::AccountKeyChanged(user)
            | Error::DeviceListRolledBack(user)
            | Error::UnknownDevice(user, _)
            | Error::NoPrekey(user, _) => Some(*user),
            _ => None,
        };
        let detail = error.to_string();
        let remedy = match &error {
            Error::AccountKeyChanged(_) => "account_key_changed",
            other => other.remedy().word(),
        };
        Self { remedy, detail, user }
    }
}

fn outcome(result: Result<Outcome>) -> Outcome {
    result.unwrap_or_else(|error| Outcome::Failed(error.into()))
}

#[derive(Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    /// Names and insides (base64) of what has to be written; nothing for what has to be removed.
    records: Vec<(String, Option<String>)>,
    generation: u64,
}

/// Answers a request (JSON) with an answer (JSON). `now` is in milliseconds since 1970.
pub fn call(device: &mut Device, request: &str, now: u64) -> String {
    let result = serde_json::from_str(request)
        .map_err(|_| Error::Malformed("the request"))
        .and_then(|request| perform(device, request, now));
    let Changes { records, generation } = device.changes(now);
    let records = records.into_iter().map(|record| (record.name, record.sealed.map(to_base64))).collect();
    let (ok, error) = match result {
        Ok(reply) => (Some(reply), None),
        Err(error) => (None, Some(error.into())),
    };
    serde_json::to_string(&Answer { ok, error, records, generation }).unwrap_or_default()
}

fn perform(device: &mut Device, request: Request, now: u64) -> Result<Reply> {
    match request {
        Request::BeginAccount => device.link(AccountSecret::generate(), None),
        Request::Own => return Ok(Reply::Own { keys: device.keys(), account_key: device.account_key() }),
        Request::SignDevices { before, add, remove } => {
            let mut devices = before.as_ref().map(|list| list.devices.clone()).unwrap_or_default();
            devices.retain(|known| !remove.contains(&known.id) && !add.iter().any(|fresh| fresh.id == known.id));
            devices.extend(add);
            return Ok(Reply::List { list: device.sign_devices(before.as_ref(), devices)? });
        }
        Request::NewPrekeys { left } => return Ok(Reply::Prekeys { prekeys: device.new_prekeys(left, now) }),
        Request::PrekeysTaken => device.prekeys_taken(),
        Request::Learn { lists } => {
            let learned = lists.iter().map(|list| outcome(device.learn(list).map(|_| Outcome::Done)));
            return Ok(Reply::Outcomes { outcomes: learned.collect() });
        }
        Request::AcceptAccountKey { list } => drop(device.accept_account_key(&list)?),
        Request::Peer { user } => return Ok(peer(device, user)),
        Request::SetVerified { user, verified } => device.set_verified(user, verified),
        Request::Unreached { users } => {
            let devices = device.devices_of(users);
            return Ok(Reply::Devices { devices: device.unreached(&devices, now) });
        }
        Request::Begin { claimed } => claimed.iter().try_for_each(|claimed| device.begin(claimed, now))?,
        Request::SealDirect { draft, with } => {
            let outgoing = device.seal_direct(&draft.as_draft(), with, now)?;
            return Ok(Reply::Sealed { envelope: outgoing.envelope, boxes: outgoing.boxes });
        }
        Request::SealGroup { draft } => {
            let outgoing = device.seal_group(&draft.as_draft(), now)?;
            return Ok(Reply::Sealed { envelope: outgoing.envelope, boxes: outgoing.boxes });
        }
        Request::Accepted { id } => device.accepted(id),
        Request::Receive { items } => {
            let received = items.iter().map(|item| outcome(device.receive(item, now).map(Outcome::from)));
            return Ok(Reply::Outcomes { outcomes: received.collect() });
        }
        Request::Open { messages } => {
            let opened = messages.iter().map(|to_open| outcome(open(device, to_open)));
            return Ok(Reply::Outcomes { outcomes: opened.collect() });
        }
        Request::Mail => return Ok(Reply::Mail { mail: device.mail() }),
        Request::Posted { ids } => device.posted(&ids),
        Request::AskAgain { device: asked, conversation, messages, claimed } => {
            let may = device.may_repair(asked, now);
            if let Some(claimed) = claimed.filter(|_| may) {
                device.begin(&claimed, now)?;
                device.repaired(asked, now);
            }
            if may || device.unreached(&[asked], now).is_empty() {
                device.ask_again(asked, conversation, &messages, now)?;
            }
            return Ok(Reply::Asked { asked: may });
        }
        Request::Answer { device: asker, kept } => {
            let kept = kept.iter().map(|(id, record)| Ok((*id, unbase64_vec(record, "a record")?)));
            device.answer(asker, &kept.collect::<Result<Vec<_>>>()?, now)?;
        }
        Request::Follow { statements } => {
            let followed = statements.iter().map(|statement| {
                outcome(device.follow(statement).map(|step| match step {
                    Step::Known | Step::Followed => Outcome::Done,
                    Step::After(epoch) => Outcome::After(epoch),
                }))
            });
            return Ok(Reply::Outcomes { outcomes: followed.collect() });
        }
        Request::SignMembers { conversation, roles } => {
            return Ok(Reply::Members { statement: device.sign_members(conversation, &roles)? });
        }
        Request::ForgetGroup { conversation } => device.forget_group(conversation),
    }
    Ok(Reply::Nothing {})
}

fn peer(device: &Device, user: UserId) -> Reply {
    let peer = device.peer(user);
    Reply::Peer {
        list: peer.map(|peer| peer.list.clone()),
        is_verified: peer.is_some_and(|peer| peer.is_verified),
        safety_number: device.safety_number(user),
    }
}

fn open(device: &mut Device, ToOpen { message, record }: &ToOpen) -> Result<Outcome> {
    let record = record.as_ref().map(|record| unbase64_vec(record, "a record")).transpose()?;
    let opened = device.open(message, record.as_deref())?;
    String::from_utf8(opened.body).map(Outcome::Body).map_err(|_| Error::Malformed("the content"))
}

impl NewDraft {
    fn as_draft(&self) -> Draft<'_> {
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

impl From<Received> for Outcome {
    fn from(received: Received) -> Self {
        match received {
            Received::Key(message) => Self::Key(message),
            Received::Sender(conversation) => Self::Sender(conversation),
            Received::Asked(device, messages) => Self::Asked(device, messages),
        }
    }
}
