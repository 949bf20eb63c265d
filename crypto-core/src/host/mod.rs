//! The one call by which clients drive a device: JSON in, JSON out, the same in the browser and on the desktop.
//!
//! The answer carries what has to be committed. A host commits it, and only then acts on the rest of the answer.

mod request;

use std::collections::BTreeMap;

use serde::Serialize;
use shared_types::{
    ConversationId, MessageId, Sealed, UserId,
    keys::{Address, DeviceKeys, DeviceList, KeyBox, KeyMail, MemberRole, NewPrekeys, SignedMembers},
};
use zeroize::Zeroizing;

use self::request::{Opener, Request, ToOpen};

use crate::{
    Error, Result,
    backup::{Lock, RecoveryKey, Secret},
    device::{AccountSecret, Device, Outgoing, Received, Step},
    link::{self, Channel, NewDevice},
    list::{to_base64, unbase64_vec},
    secret::Key,
    vault::Changes,
};

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
    Sealed { envelope: Sealed, boxes: Vec<KeyBox>, roster: Option<u64> },
    Mail { mail: Vec<KeyMail> },
    Asked { asked: bool },
    Members { statement: SignedMembers },
    Group { group: Option<GroupView> },
    RecoveryKey { recovery_key: Zeroizing<String> },
    Lock { lock: Lock },
    Part { part: String },
    Waiting { key: String, code: String },
    Scanned { first: String, digits: String },
    Accepted { digits: String },
    HandedOver { sealed: String },
}

/// A group as far as it was followed.
#[derive(Debug, Serialize)]
struct GroupView {
    epoch: u64,
    members: Vec<MemberRole>,
    /// Of each member's device list; 0 where none is known.
    versions: BTreeMap<UserId, u64>,
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

/// A device, and the linking that is under way.
#[derive(Debug)]
pub struct Host {
    /// The device.
    pub device: Device,
    waiting: Option<NewDevice>,
    channel: Option<Channel>,
}

impl Host {
    /// Around a device.
    pub const fn new(device: Device) -> Self {
        Self { device, waiting: None, channel: None }
    }

    fn link(&mut self, request: Request) -> Result<Reply> {
        const NOT_NOW: Error = Error::Malformed("the linking");
        match request {
            Request::LinkStart => {
                let new = NewDevice::start();
                let reply = Reply::Waiting { key: new.key(), code: new.code() };
                self.waiting = Some(new);
                Ok(reply)
            }
            Request::LinkScan { key, code } => {
                let (channel, first) = link::scan(&key, &code)?;
                let digits = channel.digits();
                self.channel = Some(channel);
                Ok(Reply::Scanned { first, digits })
            }
            Request::LinkAccept { first } => {
                let channel = self.waiting.take().ok_or(NOT_NOW)?.accept(&first)?;
                let digits = channel.digits();
                self.channel = Some(channel);
                Ok(Reply::Accepted { digits })
            }
            Request::LinkHandOver => {
                let mut channel = self.channel.take().ok_or(NOT_NOW)?;
                Ok(Reply::HandedOver { sealed: channel.hand_over(&mut self.device)? })
            }
            Request::LinkTakeOver { sealed } => {
                self.channel.take().ok_or(NOT_NOW)?.take_over(&mut self.device, &sealed)?;
                Ok(Reply::Nothing {})
            }
            _ => Err(NOT_NOW),
        }
    }
}

/// Answers a request (JSON) with an answer (JSON). `now` is in milliseconds since 1970.
pub fn call(host: &mut Host, request: &str, now: u64) -> String {
    let result =
        serde_json::from_str(request).map_err(|_| Error::Malformed("the request")).and_then(|request| match request {
            Request::LinkStart
            | Request::LinkScan { .. }
            | Request::LinkAccept { .. }
            | Request::LinkHandOver
            | Request::LinkTakeOver { .. } => host.link(request),
            other => perform(&mut host.device, other, now),
        });
    let device = &mut host.device;
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
        // With the backup's key from the start: every device that is linked later gets the same one.
        Request::BeginAccount => device.link(AccountSecret::generate(), Some(Key::random())),
        Request::BeginAnew { above } => {
            device.link(AccountSecret::generate(), Some(Key::random()));
            return Ok(Reply::List { list: device.sign_devices_above(above, vec![device.keys()])? });
        }
        Request::Own => return Ok(Reply::Own { keys: device.keys(), account_key: device.account_key() }),
        Request::SignDevices { before, add, remove } => {
            // Only what this account has signed goes on: else the server could have a device of its own signed.
            before.as_ref().map(|list| device.learn(list)).transpose()?;
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
        Request::Begin { claimed } => {
            // A device with broken keys is out of reach, and harms nobody else.
            let began = claimed.iter().map(|claimed| outcome(device.begin(claimed, now).map(|()| Outcome::Done)));
            return Ok(Reply::Outcomes { outcomes: began.collect() });
        }
        Request::SealDirect { draft, with } => {
            return Ok(device.seal_direct(&draft.as_draft(), with, now)?.into());
        }
        Request::SealGroup { draft } => {
            return Ok(device.seal_group(&draft.as_draft(), now)?.into());
        }
        Request::Accepted { id } => device.accepted(id),
        Request::Refused { id } => device.refused(id),
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
        Request::MayRepair { device: asked } => return Ok(Reply::Asked { asked: device.may_repair(asked, now) }),
        Request::Answer { device: asker, kept } => {
            let kept = kept.iter().map(|(id, record)| Ok((*id, unbase64_vec(record, "a record")?)));
            device.answer(asker, &kept.collect::<Result<Vec<_>>>()?, now)?;
        }
        Request::Follow { statements } => {
            let followed = device.follow_all(&statements).into_iter().map(|step| {
                outcome(step.map(|step| match step {
                    Step::Known | Step::Followed => Outcome::Done,
                    Step::After(epoch) => Outcome::After(epoch),
                }))
            });
            return Ok(Reply::Outcomes { outcomes: followed.collect() });
        }
        Request::SignMembers { conversation, roles } => {
            return Ok(Reply::Members { statement: device.sign_members(conversation, &roles)? });
        }
        Request::Group { conversation } => return Ok(Reply::Group { group: group(device, conversation) }),
        Request::StopSpeaking { conversation } => device.stop_speaking(conversation),
        Request::NewRecoveryKey => {
            return Ok(Reply::RecoveryKey { recovery_key: RecoveryKey::generate().shown() });
        }
        Request::Lock(opener) => {
            return Ok(Reply::Lock { lock: opener.with(|secret| Lock::new(device, secret))? });
        }
        Request::Unlock { lock, opener } => opener.with(|secret| lock.open(secret, device))?,
        Request::BackUp { number, kept } => {
            let kept = kept.into_iter().map(|(name, record)| Ok((name, unbase64_vec(&record, "a record")?)));
            return Ok(Reply::Part { part: device.back_up(number, &kept.collect::<Result<Vec<_>>>()?)? });
        }
        Request::Restore { number, sealed } => device.restore(number, &sealed)?,
        // A host's, not the device's.
        Request::LinkStart
        | Request::LinkScan { .. }
        | Request::LinkAccept { .. }
        | Request::LinkHandOver
        | Request::LinkTakeOver { .. } => return Err(Error::Malformed("the request")),
    }
    Ok(Reply::Nothing {})
}

fn group(device: &Device, conversation: ConversationId) -> Option<GroupView> {
    let members = device.members(conversation)?;
    let version = |user: &UserId| device.peer(*user).map_or(0, |peer| peer.list.version);
    Some(GroupView {
        epoch: members.epoch,
        members: members.roles.iter().map(|(user_id, role)| MemberRole { user_id: *user_id, role: *role }).collect(),
        versions: members.roles.keys().map(|user| (*user, version(user))).collect(),
    })
}

impl Opener {
    fn with<T>(&self, work: impl FnOnce(&Secret<'_>) -> Result<T>) -> Result<T> {
        match self {
            Self::Recovery(typed) => work(&Secret::Recovery(&RecoveryKey::read(typed)?)),
            Self::Passphrase(passphrase) => work(&Secret::Passphrase(passphrase)),
        }
    }
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

impl From<Outgoing> for Reply {
    fn from(Outgoing { envelope, boxes, roster, .. }: Outgoing) -> Self {
        Self::Sealed { envelope, boxes, roster }
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
