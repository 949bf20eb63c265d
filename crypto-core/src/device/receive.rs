//! Opening: boxes from the mailbox, and messages from the log.

use shared_types::{
    ConversationId, Envelope, Message, MessageId,
    keys::{Address, MailboxItem},
};

use super::{Device, Opened, keep::Known};
use crate::{
    Error, Result, content, digest,
    groups::{self, Listening},
    header::Header,
    pairwise::{Mine, Sessions},
    payload::{EVERYONE, News, Payload},
};

/// What a box brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// The key to a message, kept with [`Device::changes`] under [`Known`]'s name.
    Key(MessageId),
    /// A sender's key in a group: messages that waited for it may open now.
    Sender(ConversationId),
    /// Another device could not open these: see [`Device::answer`].
    Asked(Address, Vec<MessageId>),
}

impl Device {
    /// Opens a box. Acknowledged only after [`Self::changes`] were committed, whether it opened or not.
    ///
    /// # Errors
    /// Whatever [`Error::remedy`] tells apart; nothing has changed then.
    pub fn receive(&mut self, item: &MailboxItem, now: u64) -> Result<Received> {
        let pair = self.pair(item.from)?;
        let from_key = self.signing_key(item.from)?;
        let mut mine = Mine { account: &mut self.identity.account, kem: &self.identity.kem, now };
        // A first box from a stranger leaves nothing behind where it does not open.
        let mut fresh = Sessions::default();
        let is_fresh = self.sessions.get(item.from).is_none();
        let sessions = if is_fresh { &mut fresh } else { self.sessions.get_mut(item.from).ok_or(Error::NoSession)? };
        let inside = sessions.open(&mut mine, &pair, &item.body, item.kem.as_ref())?;
        // A one-time key may have been used up.
        self.identity_changed |= item.kem.is_some();
        if is_fresh {
            self.sessions.insert(item.from, fresh);
        }

        let payload = Payload::decode(&inside)?;
        if !digest::same(&payload.from, &from_key) {
            return Err(Error::Mismatch("sender"));
        }
        if !digest::same(&payload.to, &self.my_signing_key()) {
            return Err(Error::Mismatch("recipient"));
        }
        match payload.news {
            News::Content(key) => {
                self.may_give_keys(item)?;
                let message = key.message;
                self.put_aside(&Known { key, from: item.from, conversation: item.conversation_id, readers: None });
                Ok(Received::Key(message))
            }
            News::Sender { conversation, epoch, key } => {
                if conversation != item.conversation_id {
                    return Err(Error::Mismatch("conversation"));
                }
                let (id, chain) = Listening::new(conversation, item.from, from_key, epoch, &key)?;
                let id = (item.from, id);
                let is_better = self.listening.get(id).is_none_or(|known| chain.reads_more_than(known));
                if is_better {
                    self.listening.insert(id, chain);
                }
                Ok(Received::Sender(conversation))
            }
            News::Again(messages) => Ok(Received::Asked(item.from, messages)),
        }
    }

    /// Opens a message, with what was kept under [`Device::record_of`] where there is something.
    ///
    /// # Errors
    /// [`Error::Waiting`] where its key has not come, and whatever else [`Error::remedy`] tells apart.
    pub fn open(&mut self, message: &Message, kept: Option<&[u8]>) -> Result<Opened> {
        let sender = Address { user_id: message.sender_id, device_id: message.sender_device_id };
        if let Some(kept) = kept {
            let known: Known = self.vault.open(&Self::record_of(message), kept)?;
            if known.from != sender {
                return Err(Error::Mismatch("sender"));
            }
            if known.conversation != message.conversation_id || !self.may_be_said_in(message) {
                return Err(Error::Mismatch("conversation"));
            }
            self.was_in_then(message)?;
            return content::open(message, &known.key);
        }
        self.open_group(message, sender)
    }

    /// Whether a message that is for two can be of this conversation: whose it is follows from its id. One's own devices
    /// have seen to that when they sealed it.
    fn may_be_said_in(&self, message: &Message) -> bool {
        let is_group = matches!(&message.envelope, Some(Envelope::Sealed(sealed)) if sealed.group.is_some());
        let (me, sender) = (self.me.user_id, message.sender_id);
        is_group || sender == me || message.conversation_id == ConversationId::direct(me, sender)
    }

    /// A key that comes by itself is of a conversation of two, or of a group that its sender is or was in.
    fn may_give_keys(&self, item: &MailboxItem) -> Result<()> {
        let (me, from) = (self.me.user_id, item.from.user_id);
        let is_own = from == me || item.conversation_id == ConversationId::direct(me, from);
        if is_own || self.groups.get(item.conversation_id).is_some_and(|members| members.knows(from)) {
            return Ok(());
        }
        Err(Error::UnsignedMembership)
    }

    /// Whoever was out of the group at that statement did not say it, whatever key opens it.
    fn was_in_then(&self, message: &Message) -> Result<()> {
        let (header, sealed) = Header::of(message)?;
        let members = self.groups.get(header.conversation).filter(|members| members.epoch >= header.epoch);
        match members.filter(|members| sealed.group.is_some() && header.epoch >= members.from) {
            Some(members) if !members.was_in(header.sender, header.epoch) => Err(Error::UnsignedMembership),
            Some(_) | None => Ok(()),
        }
    }

    fn open_group(&mut self, message: &Message, sender: Address) -> Result<Opened> {
        let (header, sealed) = Header::of(message)?;
        let group = sealed.group.as_ref().ok_or(Error::Waiting)?;
        let id = (sender, groups::chain_of(group)?);
        let members = self.groups.get(header.conversation).filter(|members| members.epoch >= header.epoch);
        let members = members.ok_or(Error::Waiting)?;
        if header.epoch < members.from {
            return Err(Error::NotForThisDevice);
        }
        if !members.was_in(header.sender, header.epoch) {
            return Err(Error::UnsignedMembership);
        }
        let chain = self.listening.get(id).ok_or(Error::Waiting)?;
        if chain.conversation != header.conversation {
            return Err(Error::Mismatch("conversation"));
        }
        // Said before this device was given the key.
        if header.epoch < chain.epoch {
            return Err(Error::TooOld);
        }
        let from_key = chain.from_key;
        let chain = self.listening.get_mut(id).ok_or(Error::Waiting)?;
        let payload = Payload::decode(&chain.open(&group.body)?)?;
        if payload.from != from_key || payload.to != EVERYONE {
            return Err(Error::Mismatch("sender"));
        }
        let News::Content(key) = payload.news else { return Err(Error::Malformed("the box")) };
        // Kept whether it fits or not: the position is used up, and the message that it belongs to may come later.
        let known = Known { key, from: sender, conversation: header.conversation, readers: None };
        self.put_aside(&known);
        content::open(message, &known.key)
    }
}
