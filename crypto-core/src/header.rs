//! The header of a sealed message: what the server sees of it, bound into everything that is made from it.

use shared_types::{ConversationId, DeviceId, EntryKind, Envelope, Message, MessageId, Sealed, UserId};

#[cfg(feature = "device")]
use crate::digest::sha256;
use crate::{Error, Result, list::unbase64, transcript::Transcript};

/// The scheme that this crate makes and reads.
pub const SCHEME: &str = "sotto1";

/// What stands around a sealed message, in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Where it is said.
    pub conversation: ConversationId,
    /// Its id.
    pub id: MessageId,
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// The message that it is about.
    pub target: Option<MessageId>,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// Who says it.
    pub sender: UserId,
    /// On which device.
    pub device: DeviceId,
    /// How often the members had changed, as far as the sender knew; 0 between two people.
    pub epoch: u64,
    /// The sender's clock, in milliseconds since 1970.
    pub ts: u64,
    /// What makes it possible to report: see [`crate::franking`].
    pub commitment: [u8; 32],
}

impl Header {
    /// All but the commitment: what the commitment is made over.
    pub(crate) fn context(&self) -> Transcript {
        Transcript::new("sotto/message/1")
            .bytes(&self.conversation.bytes())
            .bytes(&self.id.bytes())
            .bytes(kind_name(self.kind).as_bytes())
            .optional(self.target.map(MessageId::bytes).as_ref().map(<[u8; 16]>::as_slice))
            .optional(self.reply_to.map(MessageId::bytes).as_ref().map(<[u8; 16]>::as_slice))
            .bytes(&self.sender.bytes())
            .bytes(&self.device.bytes())
            .number(self.epoch)
            .number(self.ts)
    }

    /// All of it, as the content is sealed with it.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        self.context().bytes(&self.commitment).finish()
    }

    /// The hash that a box carries: of this header and its ciphertext.
    #[cfg(feature = "device")]
    pub(crate) fn binding(&self, ciphertext: &[u8]) -> [u8; 32] {
        sha256(&Transcript::new("sotto/binding/1").bytes(&self.encoded()).bytes(ciphertext).finish())
    }

    /// The header and the envelope of an entry of a log.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it carries nothing that this crate made.
    pub fn of(message: &Message) -> Result<(Self, &Sealed)> {
        let Some(Envelope::Sealed(sealed)) = &message.envelope else { return Err(Error::Malformed("the envelope")) };
        let context =
            sealed.context.as_ref().filter(|_| sealed.scheme == SCHEME).ok_or(Error::Malformed("the envelope"))?;
        let header = Self {
            conversation: message.conversation_id,
            id: message.id,
            kind: message.kind,
            target: message.target,
            reply_to: message.reply_to,
            sender: message.sender_id,
            device: message.sender_device_id,
            epoch: context.epoch,
            ts: context.ts,
            commitment: unbase64(&context.commitment, "the commitment")?,
        };
        Ok((header, sealed))
    }
}

/// The kind's name on the wire: a constant of the format.
const fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Message => "message",
        EntryKind::Edit => "edit",
        EntryKind::Reaction => "reaction",
        EntryKind::Retract => "retract",
        EntryKind::System => "system",
    }
}
