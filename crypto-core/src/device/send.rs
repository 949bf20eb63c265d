//! Sealing a message for everyone who is to read it.

use serde::{Deserialize, Serialize};
use shared_types::{
    ConversationId, EntryKind, MessageId, Sealed, UserId,
    keys::{Address, KeyBox, KeyMail},
};

use super::{
    Device,
    keep::{Known, Readers, Spoken},
};
use crate::{
    Error, Result, content,
    groups::{self, Reader, Speaking},
    header::Header,
    payload::{ContentKey, EVERYONE, News, Payload},
};

/// A message before it is sealed.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Where it is said.
    pub conversation: ConversationId,
    /// Its id, which stays the same however often it is sent.
    pub id: MessageId,
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// The message that it is about.
    pub target: Option<MessageId>,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// What it says.
    pub body: &'a [u8],
}

/// A sealed message, ready to be sent. Kept until [`Device::accepted`], so that sending it again sends the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outgoing {
    /// The envelope for the log.
    pub envelope: Sealed,
    /// A box for each device; none in groups.
    pub boxes: Vec<KeyBox>,
    /// In groups: the versions of the members' device lists that it was sealed for, summed up. The server refuses a message
    /// that was sealed for others than those of now, so it says what the envelope was sealed for, however late it is sent.
    #[serde(default)]
    pub roster: Option<u64>,
    key: ContentKey,
    epoch: u64,
    readers: Vec<Reader>,
}

impl Device {
    /// Seals a message of two people: for every device of both but this one.
    ///
    /// Called again with the same id it gives the same envelope, with new boxes where the devices have changed.
    ///
    /// # Errors
    /// [`Error::NoSession`] where [`Self::unreached`] names a device that was not begun with.
    pub fn seal_direct(&mut self, draft: &Draft<'_>, with: UserId, now: u64) -> Result<Outgoing> {
        // Who a conversation is with follows from its id: nobody can put somebody else into it.
        if draft.conversation != ConversationId::direct(self.me.user_id, with) {
            return Err(Error::Mismatch("conversation"));
        }
        let readers = self.readers_of([self.me.user_id, with])?;
        let before = self.outgoing.get(draft.id);
        if let Some(outgoing) = before.filter(|outgoing| outgoing.readers == readers) {
            return Ok(outgoing.clone());
        }
        let (envelope, key) = match before {
            Some(outgoing) => (outgoing.envelope.clone(), outgoing.key.clone()),
            None => content::seal(self.header(draft, 0, now), draft.body),
        };
        let devices: Vec<Address> = readers.iter().map(|reader| reader.device).collect();
        let boxes = self.seal_for(&devices, &News::Content(key.clone()))?;
        let outgoing = Outgoing { envelope, boxes, roster: None, key, epoch: 0, readers };
        self.remember(draft, &outgoing, Readers::Devices(outgoing.readers.clone()));
        Ok(outgoing)
    }

    /// Seals a message for a group whose members this device has followed. Where a reader does not have this device's
    /// sender key yet, [`Self::mail`] has boxes that go first.
    ///
    /// Called again with the same id it gives the same envelope, whatever has changed since: the server may have taken it.
    /// Where it has refused it, [`Self::refused`] comes first.
    ///
    /// # Errors
    /// [`Error::UnsignedMembership`] where the group was not followed, [`Error::NoSession`] as in [`Self::seal_direct`].
    pub fn seal_group(&mut self, draft: &Draft<'_>, now: u64) -> Result<Outgoing> {
        if let Some(outgoing) = self.outgoing.get(draft.id) {
            return Ok(outgoing.clone());
        }
        let group = self.groups.get(draft.conversation).filter(|group| group.contains(self.me.user_id));
        let group = group.ok_or(Error::UnsignedMembership)?;
        let (epoch, members) = (group.epoch, group.roles.keys().copied().collect::<Vec<_>>());
        let roster = members.iter().filter_map(|user| Some(self.peers.get(*user)?.list.version)).sum();
        let readers = self.readers_of(members)?;
        let chain = self.share_chain(draft.conversation, epoch, &readers, now)?;
        let (mut envelope, key) = content::seal(self.header(draft, epoch, now), draft.body);
        let payload = Payload { from: self.my_signing_key(), to: EVERYONE, news: News::Content(key.clone()) };
        let speaking = self.speaking.get_mut(draft.conversation).ok_or(Error::NoSession)?;
        let position = speaking.position();
        envelope.group = Some(speaking.seal(&payload.encode()));
        let outgoing = Outgoing { envelope, boxes: Vec::new(), roster: Some(roster), key, epoch, readers };
        self.remember(draft, &outgoing, Readers::Chain(chain, position));
        Ok(outgoing)
    }

    /// Sees to it that every reader has, or is about to get, the key of the chain that this device speaks on, and nobody else.
    fn share_chain(
        &mut self,
        conversation: ConversationId,
        epoch: u64,
        readers: &[Reader],
        now: u64,
    ) -> Result<groups::ChainId> {
        let goes_on = self.speaking.get(conversation).is_some_and(|speaking| speaking.may_go_on(readers, now));
        let mut next = if goes_on { None } else { Some(Speaking::new(epoch, now)) };
        let speaking = next.as_ref().or_else(|| self.speaking.get(conversation)).ok_or(Error::NoSession)?;
        let (id, key, mut missing) = (speaking.id()?, speaking.key(), speaking.without_key(readers));
        // A device that gives no keys to begin with reads nothing, and keeps nobody else from talking.
        missing.retain(|reader| self.sessions.get(reader.device).is_some());
        let devices: Vec<Address> = missing.iter().map(|reader| reader.device).collect();
        let boxes = self.seal_for(&devices, &News::Sender { conversation, epoch, key })?;
        if let Some(next) = next.take() {
            if let Some(before) = self.speaking.remove(conversation) {
                self.spoken.insert(before.id()?, Spoken { holders: before.holders, ended_at: now });
            }
            self.speaking.insert(conversation, next);
        }
        for key_box in boxes {
            self.post(conversation, key_box, now);
        }
        if let Some(speaking) = self.speaking.get_mut(conversation) {
            speaking.epoch = epoch;
            speaking.share(&missing);
        }
        Ok(id)
    }

    /// A box with the same news for each of these devices.
    pub(super) fn seal_for(&mut self, devices: &[Address], news: &News) -> Result<Vec<KeyBox>> {
        // All can be reached, or none is sealed for: a failure half way would use up positions for nothing.
        if let Some(silent) = devices.iter().find(|device| self.sessions.get(**device).is_none()) {
            return Err(Error::NoPrekey(silent.user_id, silent.device_id));
        }
        devices.iter().map(|device| self.seal_box(*device, news.clone())).collect()
    }

    fn seal_box(&mut self, device: Address, news: News) -> Result<KeyBox> {
        let pair = self.pair(device)?;
        let payload = Payload { from: self.my_signing_key(), to: self.signing_key(device)?, news };
        self.sessions.get_mut(device).ok_or(Error::NoSession)?.seal(&pair, &payload.encode())
    }

    /// Puts a box among those to be posted.
    pub(super) fn post(&mut self, conversation: ConversationId, key_box: KeyBox, now: u64) {
        let id = MessageId(uuid::Uuid::from_bytes(crate::secret::uuid_v7(now)));
        self.mail.insert(id, KeyMail { id, conversation_id: conversation, key_box });
    }

    fn remember(&mut self, draft: &Draft<'_>, outgoing: &Outgoing, readers: Readers) {
        let known = Known {
            key: outgoing.key.clone(),
            from: self.me,
            conversation: draft.conversation,
            readers: Some(readers),
        };
        self.put_aside(&known);
        self.outgoing.insert(draft.id, outgoing.clone());
    }

    fn header(&self, draft: &Draft<'_>, epoch: u64, now: u64) -> Header {
        Header {
            conversation: draft.conversation,
            id: draft.id,
            kind: draft.kind,
            target: draft.target,
            reply_to: draft.reply_to,
            sender: self.me.user_id,
            device: self.me.device_id,
            epoch,
            ts: now,
            commitment: [0; 32],
        }
    }

    pub(super) fn my_signing_key(&self) -> [u8; 32] {
        *self.identity.account.ed25519_key().as_bytes()
    }
}
