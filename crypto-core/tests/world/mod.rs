//! People with devices, a server that carries everything between them, and hosts that keep records as real ones do.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "each test uses a part of it"
)]

use std::collections::{BTreeMap, VecDeque};

use crypto_core::{
    Result,
    device::{AccountSecret, Device, Draft, Opened, Received},
    secret::Key,
    vault::Changes,
};
use shared_types::{
    ConversationId, DeviceId, EntryKind, Envelope, Message, MessageId, Role, Sealed, Seq, Timestamp, UserId,
    keys::{Address, ClaimedKeys, DeviceList, KeyBox, MailboxItem, NewPrekeys, Prekey, PrekeyKind, SignedMembers},
};
use uuid::Uuid;

/// A person's id, by their name.
pub fn user(name: &str) -> UserId {
    UserId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

/// A device's address: `ana/phone`.
pub fn at(name: &str) -> Address {
    let (person, _) = name.split_once('/').unwrap();
    Address { user_id: user(person), device_id: DeviceId(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())) }
}

pub fn group() -> ConversationId {
    ConversationId(Uuid::from_u128(77))
}

/// A client around a device: what it would keep on disk.
pub struct Host {
    pub device: Device,
    pub key: Key,
    pub disk: BTreeMap<String, Vec<u8>>,
    pub generation: u64,
    /// What it has read, by message.
    pub read: BTreeMap<MessageId, Vec<u8>>,
    /// Entries of logs that it has seen.
    pub log: Vec<Message>,
}

impl Host {
    pub fn new(me: Address) -> Self {
        let key = Key::random();
        let device = Device::create(me, key.clone());
        Self { device, key, disk: BTreeMap::new(), generation: 0, read: BTreeMap::new(), log: Vec::new() }
    }

    pub fn commit(&mut self, now: u64) {
        let Changes { records, generation } = self.device.changes(now);
        for record in records {
            match record.sealed {
                Some(bytes) => self.disk.insert(record.name, bytes),
                None => self.disk.remove(&record.name),
            };
        }
        self.generation = generation;
    }

    /// What was not committed is gone, as after a kill.
    pub fn restart(&mut self) {
        let kept: BTreeMap<_, _> = self
            .disk
            .iter()
            .filter(|(name, _)| !name.starts_with("known/"))
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect();
        self.device = Device::load(self.device.me(), self.key.clone(), &kept, self.generation).unwrap();
    }

    pub fn open(&mut self, message: &Message) -> Result<Opened> {
        let kept = self.disk.get(&Device::record_of(message)).cloned();
        let opened = self.device.open(message, kept.as_deref())?;
        self.read.insert(message.id, opened.body.clone());
        Ok(opened)
    }

    pub fn known(&self) -> Vec<(String, Vec<u8>)> {
        self.disk
            .iter()
            .filter(|(name, _)| name.starts_with("known/"))
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect()
    }
}

#[derive(Default)]
pub struct Prekeys {
    pub one_time: VecDeque<Prekey>,
    pub fallback: Option<Prekey>,
    pub kem: Option<Prekey>,
}

/// The server, as far as keys go.
#[derive(Default)]
pub struct Server {
    pub lists: BTreeMap<UserId, DeviceList>,
    pub prekeys: BTreeMap<Address, Prekeys>,
    pub mailboxes: BTreeMap<Address, Vec<MailboxItem>>,
    /// Everything it was ever given.
    pub seen: Vec<u8>,
    next: u128,
}

impl Server {
    pub fn put_prekeys(&mut self, device: Address, keys: &NewPrekeys) {
        let signed = |key: &shared_types::keys::PublicKey| Prekey {
            id: key.id.clone(),
            key: key.key.clone(),
            signature: keys.signatures[&key.id].clone(),
        };
        let slot = self.prekeys.entry(device).or_default();
        slot.one_time.extend(keys.one_time.iter().map(signed));
        slot.fallback = keys.fallback.as_ref().map(signed).or(slot.fallback.take());
        slot.kem = keys.kem.as_ref().map(signed).or(slot.kem.take());
    }

    pub fn claim(&mut self, device: Address) -> ClaimedKeys {
        let slot = self.prekeys.get_mut(&device).unwrap();
        let (kind, prekey) = match slot.one_time.pop_front() {
            Some(key) => (PrekeyKind::OneTime, key),
            None => (PrekeyKind::Fallback, slot.fallback.clone().unwrap()),
        };
        ClaimedKeys { address: device, kind, prekey, kem: slot.kem.clone().unwrap() }
    }

    pub fn put_box(&mut self, id: MessageId, from: Address, conversation: ConversationId, key_box: &KeyBox, now: u64) {
        self.seen.extend(serde_json::to_vec(key_box).unwrap());
        let item = MailboxItem {
            id,
            from,
            conversation_id: conversation,
            body: key_box.body.clone(),
            kem: key_box.kem.clone(),
            received_at: Timestamp(i64::try_from(now).unwrap()),
        };
        self.mailboxes.entry(key_box.to).or_default().push(item);
    }

    pub fn id(&mut self) -> MessageId {
        self.next += 1;
        MessageId(Uuid::from_u128(self.next))
    }
}

pub struct World {
    pub server: Server,
    pub hosts: BTreeMap<Address, Host>,
    pub accounts: BTreeMap<UserId, AccountSecret>,
    pub now: u64,
}

impl World {
    /// Devices like `ana/phone`; all know each other's lists.
    pub fn of(devices: &[&str]) -> Self {
        let mut world = Self {
            server: Server::default(),
            hosts: BTreeMap::new(),
            accounts: BTreeMap::new(),
            now: 1_700_000_000_000,
        };
        for name in devices {
            world.add(name);
        }
        world.refresh();
        world
    }

    /// A new device: linked, with prekeys, in the signed list.
    pub fn add(&mut self, name: &str) {
        let address = at(name);
        let mut host = Host::new(address);
        let secret = self.accounts.entry(address.user_id).or_insert_with(AccountSecret::generate).clone();
        host.device.link(secret, None);
        let keys = host.device.new_prekeys(0, self.now).unwrap();
        self.server.put_prekeys(address, &keys);
        host.device.prekeys_taken();
        let before = self.server.lists.get(&address.user_id);
        let mut devices = before.map(|list| list.devices.clone()).unwrap_or_default();
        devices.retain(|device| device.id != address.device_id);
        devices.push(host.device.keys());
        let list = host.device.sign_devices(before, devices).unwrap();
        self.server.lists.insert(address.user_id, list);
        host.commit(self.now);
        self.hosts.insert(address, host);
    }

    pub fn remove(&mut self, name: &str, by: &str) {
        let gone = at(name);
        let before = self.server.lists[&gone.user_id].clone();
        let devices = before.devices.iter().filter(|device| device.id != gone.device_id).cloned().collect();
        let list = self.hosts[&at(by)].device.sign_devices(Some(&before), devices).unwrap();
        self.server.lists.insert(gone.user_id, list);
    }

    /// Everybody fetches all lists.
    pub fn refresh(&mut self) {
        let lists: Vec<_> = self.server.lists.values().cloned().collect();
        for host in self.hosts.values_mut() {
            for list in &lists {
                host.device.learn(list).unwrap();
            }
            host.commit(self.now);
        }
    }

    pub fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.get_mut(&at(name)).unwrap()
    }

    /// Begins with whomever of these was not begun with.
    pub fn reach(&mut self, from: Address, devices: &[Address]) -> Result<()> {
        let host = self.hosts.get_mut(&from).unwrap();
        for device in host.device.unreached(devices, self.now) {
            host.device.begin(&self.server.claim(device), self.now)?;
        }
        Ok(())
    }

    /// Posts what waits to be posted.
    pub fn post(&mut self, from: Address) {
        let host = self.hosts.get_mut(&from).unwrap();
        host.commit(self.now);
        let mail = host.device.mail();
        for item in &mail {
            self.server.put_box(item.id, from, item.conversation_id, &item.key_box, self.now);
        }
        host.device.posted(&mail.iter().map(|item| item.id).collect::<Vec<_>>());
        host.commit(self.now);
    }

    /// Says something to one other person, from one device: the entry as it stands in the log, boxes in mailboxes.
    pub fn say(&mut self, from: &str, to: &str, words: &str) -> Message {
        self.try_say(from, to, words).unwrap()
    }

    pub fn try_say(&mut self, from: &str, to: &str, words: &str) -> Result<Message> {
        self.now += 1;
        let (me, with) = (at(from), user(to));
        let conversation = ConversationId::direct(me.user_id, with);
        let readers = self.hosts[&me].device.devices_of([me.user_id, with]);
        self.reach(me, &readers)?;
        let draft = draft(conversation, self.server.id(), words);
        let now = self.now;
        let host = self.hosts.get_mut(&me).unwrap();
        let outgoing = host.device.seal_direct(&draft, with, now)?;
        host.commit(now);
        for key_box in &outgoing.boxes {
            self.server.put_box(draft.id, me, conversation, key_box, now);
        }
        let message = self.entry(me, &draft, outgoing.envelope);
        self.hosts.get_mut(&me).unwrap().device.accepted(draft.id);
        Ok(message)
    }

    /// Says something in the group, from one device.
    pub fn say_all(&mut self, from: &str, words: &str) -> Message {
        self.now += 1;
        let me = at(from);
        let members: Vec<UserId> = self.hosts[&me].device.members(group()).unwrap().roles.keys().copied().collect();
        let readers = self.hosts[&me].device.devices_of(members);
        self.reach(me, &readers).unwrap();
        let draft = draft(group(), self.server.id(), words);
        let now = self.now;
        let outgoing = self.hosts.get_mut(&me).unwrap().device.seal_group(&draft, now).unwrap();
        self.post(me);
        let message = self.entry(me, &draft, outgoing.envelope);
        self.hosts.get_mut(&me).unwrap().device.accepted(draft.id);
        message
    }

    /// The group gets these members, by a statement of one device that all others follow.
    pub fn set_members(&mut self, by: &str, names: &[&str]) -> SignedMembers {
        let me = at(by);
        let mut roles: BTreeMap<UserId, Role> = names.iter().map(|name| (user(name), Role::Member)).collect();
        roles.insert(me.user_id, Role::Owner);
        let statement = self.hosts[&me].device.sign_members(group(), &roles).unwrap();
        for host in self.hosts.values_mut() {
            let is_in = roles.contains_key(&host.device.me().user_id);
            if is_in || host.device.members(group()).is_some() {
                host.device.follow(&statement).unwrap();
            }
            host.commit(self.now);
        }
        statement
    }

    fn entry(&mut self, from: Address, draft: &Draft<'_>, envelope: Sealed) -> Message {
        let message = Message {
            id: draft.id,
            conversation_id: draft.conversation,
            seq: Seq(1),
            kind: draft.kind,
            target: draft.target,
            sender_id: from.user_id,
            sender_device_id: from.device_id,
            sent_at: Timestamp(i64::try_from(self.now).unwrap()),
            envelope: Some(Envelope::Sealed(envelope)),
            system: None,
            reply_to: draft.reply_to,
            expires_at: None,
            stamp: None,
        };
        self.server.seen.extend(serde_json::to_vec(&message).unwrap());
        message
    }

    /// Opens everything in the mailbox, in order, committing before each acknowledgement.
    pub fn fetch(&mut self, name: &str) -> Vec<Result<Received>> {
        let items = std::mem::take(self.server.mailboxes.entry(at(name)).or_default());
        let now = self.now;
        let host = self.host(name);
        items
            .iter()
            .map(|item| {
                let received = host.device.receive(item, now);
                host.commit(now);
                received
            })
            .collect()
    }

    /// What a device reads of a message after it fetched its mailbox.
    pub fn reads(&mut self, name: &str, message: &Message) -> Result<String> {
        for received in self.fetch(name) {
            received?;
        }
        let now = self.now;
        let host = self.host(name);
        let opened = host.open(message)?;
        host.commit(now);
        Ok(String::from_utf8(opened.body).unwrap())
    }

    /// The whole of a repair between two devices: a new session, a request, its answer.
    pub fn repair(&mut self, asker: &str, sender: &str, lost: &[&Message]) -> Result<()> {
        let (me, other, now) = (at(asker), at(sender), self.now);
        let claimed = self.server.claim(other);
        let conversation = lost[0].conversation_id;
        let ids: Vec<MessageId> = lost.iter().map(|message| message.id).collect();
        let device = &mut self.hosts.get_mut(&me).unwrap().device;
        assert!(device.may_repair(other, now));
        device.begin(&claimed, now)?;
        device.repaired(other, now);
        device.ask_again(other, conversation, &ids, now)?;
        self.post(me);
        for received in self.fetch(sender) {
            let Received::Asked(by, ids) = received? else { continue };
            let host = self.hosts.get_mut(&other).unwrap();
            let kept: Vec<_> = ids
                .iter()
                .filter_map(|id| Some((*id, host.disk.get(&Device::record_name(*id, other.device_id))?.clone())))
                .collect();
            host.device.answer(by, &kept, now)?;
        }
        self.post(other);
        for received in self.fetch(asker) {
            received?;
        }
        Ok(())
    }
}

pub fn draft(conversation: ConversationId, id: MessageId, words: &str) -> Draft<'_> {
    Draft { conversation, id, kind: EntryKind::Message, target: None, reply_to: None, body: words.as_bytes() }
}

/// A message's envelope; all of ours are sealed.
pub fn sealed(message: &mut Message) -> &mut Sealed {
    let Some(Envelope::Sealed(sealed)) = &mut message.envelope else { unreachable!("all of ours are sealed") };
    sealed
}

/// Another character of base64 at a place.
pub fn change(text: &mut String, place: usize) {
    let other = if &text[place..=place] == "A" { "B" } else { "A" };
    text.replace_range(place..=place, other);
}
