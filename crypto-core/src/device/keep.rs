//! What is kept, and under which names.
//!
//! Records that the device is loaded from: `identity`, and `peer/`, `session/`, `group/`, `speaking/`, `spoken/`,
//! `listening/`, `outgoing/`, `mail/` with an id. Records that stay with the host until they are needed: `known/` with the
//! ids of a message and of its sender's device.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};
use shared_types::{ConversationId, DeviceId, Message, MessageId, UserId, keys::Address};
use uuid::Uuid;

use super::{Device, Shelf, identity::Identity};
use crate::{
    Error, Result,
    groups::{ChainId, Holder, Reader},
    payload::ContentKey,
    secret::Key,
    vault::{Changes, Vault},
};

/// The key to a message, and whom it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) key: ContentKey,
    pub(crate) from: Address,
    pub(crate) conversation: ConversationId,
    /// Of this device's own messages: whom they were sealed for.
    pub(crate) readers: Option<Readers>,
}

/// Who may have a key once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Readers {
    Devices(Vec<Reader>),
    /// Those who held the key of this chain at this position.
    Chain(ChainId, u32),
}

/// A chain that ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Spoken {
    pub(super) holders: Vec<Holder>,
    pub(super) ended_at: u64,
}

/// How long it is remembered who held the key of a chain, in milliseconds: as long as mailboxes keep their boxes.
const SPOKEN_MS: u64 = 30 * 86_400_000;

impl Device {
    /// Loads a device from its records, all but those under `known/`. `at_least` is the last generation that the host
    /// remembers elsewhere; 0 where it does not.
    ///
    /// # Errors
    /// [`Error::StateRolledBack`], [`Error::Tampered`].
    pub fn load(me: Address, storage_key: Key, records: &BTreeMap<String, Vec<u8>>, at_least: u64) -> Result<Self> {
        let vault = Vault::load(storage_key, records, at_least)?;
        let identity: Identity = vault.open("identity", records.get("identity").ok_or(Error::StateRolledBack)?)?;
        let mut device = Self::empty(me, vault, identity, false);
        for (name, bytes) in records {
            let Some((shelf, key)) = name.split_once('/') else { continue };
            let vault = &device.vault;
            match shelf {
                "peer" => device.peers.load(UserId(id(key)?), vault.open(name, bytes)?),
                "session" => device.sessions.load(address(key)?, vault.open(name, bytes)?),
                "group" => device.groups.load(ConversationId(id(key)?), vault.open(name, bytes)?),
                "speaking" => device.speaking.load(ConversationId(id(key)?), vault.open(name, bytes)?),
                "spoken" => device.spoken.load(chain(key)?, vault.open(name, bytes)?),
                "listening" => device.listening.load(spoken_by(key)?, vault.open(name, bytes)?),
                "outgoing" => device.outgoing.load(MessageId(id(key)?), vault.open(name, bytes)?),
                "mail" => device.mail.load(MessageId(id(key)?), vault.open(name, bytes)?),
                _ => return Err(Error::Malformed("a record's name")),
            }
        }
        Ok(device)
    }

    /// What has to be committed, in one transaction, before anything is sent or acknowledged.
    pub fn changes(&mut self, now: u64) -> Changes {
        self.spoken.retain(|_, spoken| now.saturating_sub(spoken.ended_at) < SPOKEN_MS);
        let vault = &mut self.vault;
        if std::mem::take(&mut self.identity_changed) {
            vault.keep("identity".into(), &self.identity);
        }
        write(vault, "peer", &mut self.peers, UserId::to_string);
        write(vault, "session", &mut self.sessions, |address| format!("{}/{}", address.user_id, address.device_id));
        write(vault, "group", &mut self.groups, ConversationId::to_string);
        write(vault, "speaking", &mut self.speaking, ConversationId::to_string);
        write(vault, "spoken", &mut self.spoken, hex);
        write(vault, "listening", &mut self.listening, |(device, chain)| {
            format!("{}/{}/{}", device.user_id, device.device_id, hex(chain))
        });
        write(vault, "outgoing", &mut self.outgoing, MessageId::to_string);
        write(vault, "mail", &mut self.mail, MessageId::to_string);
        vault.changes()
    }

    pub(crate) fn put_aside(&mut self, known: &Known) {
        self.vault.put_aside(Self::record_name(known.key.message, known.from.device_id), known);
    }

    /// Where the key to a message is kept.
    pub fn record_of(message: &Message) -> String {
        Self::record_name(message.id, message.sender_device_id)
    }

    /// Where the key to a message is kept, by its id and that of its sender's device.
    pub fn record_name(message: MessageId, device: DeviceId) -> String {
        format!("known/{message}/{device}")
    }

    pub(crate) fn open_known(&self, name: &str, bytes: &[u8]) -> Result<Known> {
        self.vault.open(name, bytes)
    }
}

fn write<K: Ord + Copy, V: Serialize>(
    vault: &mut Vault,
    shelf: &str,
    values: &mut Shelf<K, V>,
    name: impl Fn(&K) -> String,
) {
    for (key, value) in values.take_changes() {
        let name = format!("{shelf}/{}", name(&key));
        match value {
            Some(value) => vault.keep(name, value),
            None => vault.remove(name),
        }
    }
}

const NAME: Error = Error::Malformed("a record's name");

fn id(text: &str) -> Result<Uuid> {
    Uuid::from_str(text).map_err(|_| NAME)
}

fn address(text: &str) -> Result<Address> {
    let (user, device) = text.split_once('/').ok_or(NAME)?;
    Ok(Address { user_id: UserId(id(user)?), device_id: DeviceId(id(device)?) })
}

fn spoken_by(text: &str) -> Result<(Address, ChainId)> {
    let (device, name) = text.rsplit_once('/').ok_or(NAME)?;
    Ok((address(device)?, chain(name)?))
}

fn hex(chain: &ChainId) -> String {
    chain.chunks(8).fold(String::with_capacity(64), |text, some| {
        let number = some.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{text}{number:016x}")
    })
}

fn chain(text: &str) -> Result<ChainId> {
    let mut chain = [0; 32];
    for (place, byte) in chain.iter_mut().enumerate() {
        let digits = text.get(2 * place..2 * place + 2).ok_or(NAME)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| NAME)?;
    }
    if text.len() == 64 { Ok(chain) } else { Err(NAME) }
}
