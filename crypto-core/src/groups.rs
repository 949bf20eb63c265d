//! Sender keys: in a group, each device speaks on a chain of its own (Megolm), whose key each other device got in a box.

use serde::{Deserialize, Serialize};
use shared_types::{ConversationId, entry::GroupBox, keys::Address};
use vodozemac::megolm::{DecryptionError, GroupSession, InboundGroupSession, MegolmMessage, SessionConfig, SessionKey};
use zeroize::Zeroizing;

use crate::{
    Error, Result,
    list::{to_base64, unbase64_vec},
};

/// Messages on one chain.
pub(crate) const MOST_MESSAGES: u32 = 1_000;
/// A chain's age at which a new one is begun, in milliseconds: a week.
const OLDEST_MS: u64 = 7 * 86_400_000;

/// A chain's name: its signing key.
pub(crate) type ChainId = [u8; 32];

/// Who has the key of a chain, and from which position on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) reader: Reader,
    pub(crate) from: u32,
}

/// A device by its name and by its signing key: under another key it is another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reader {
    pub(crate) device: Address,
    #[serde(with = "serde_bytes")]
    pub(crate) key: [u8; 32],
}

/// Whether a device could read what lies at a position.
pub(crate) fn could_read(holders: &[Holder], reader: Reader, position: u32) -> bool {
    holders.iter().any(|holder| holder.reader == reader && holder.from <= position)
}

/// The chain that this device speaks on in one group.
#[derive(Serialize, Deserialize)]
pub(crate) struct Speaking {
    #[serde(with = "pickled::speaking")]
    chain: GroupSession,
    pub(crate) epoch: u64,
    pub(crate) holders: Vec<Holder>,
    /// Who has its key, and lost it: gets it once more with the next message.
    pub(crate) owed: Vec<Reader>,
    made_at: u64,
}

impl Speaking {
    pub(crate) fn new(epoch: u64, now: u64) -> Self {
        let chain = GroupSession::new(SessionConfig::version_2());
        Self { chain, epoch, holders: Vec::new(), owed: Vec::new(), made_at: now }
    }

    /// Whether it may go on: nobody has its key who is no reader any more, and it is neither long nor old.
    pub(crate) fn may_go_on(&self, readers: &[Reader], now: u64) -> bool {
        self.holders.iter().all(|holder| readers.contains(&holder.reader))
            && self.chain.message_index() < MOST_MESSAGES
            && now.saturating_sub(self.made_at) < OLDEST_MS
    }

    pub(crate) fn id(&self) -> Result<ChainId> {
        chain_id(&self.chain.session_id())
    }

    /// The next position.
    pub(crate) const fn position(&self) -> u32 {
        self.chain.message_index()
    }

    /// Which of these devices are to get the key.
    pub(crate) fn without_key(&self, readers: &[Reader]) -> Vec<Reader> {
        let has =
            |reader: &Reader| self.holders.iter().any(|holder| holder.reader == *reader) && !self.owed.contains(reader);
        readers.iter().filter(|reader| !has(reader)).copied().collect()
    }

    /// These have it now, from here on; who had it before still has.
    pub(crate) fn share(&mut self, readers: &[Reader]) {
        let from = self.position();
        self.owed.retain(|reader| !readers.contains(reader));
        self.holders.extend(readers.iter().map(|reader| Holder { reader: *reader, from }));
    }

    /// The key from here on: a newcomer reads nothing of what came before.
    pub(crate) fn key(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.chain.session_key().to_bytes())
    }

    pub(crate) fn seal(&mut self, payload: &[u8]) -> GroupBox {
        GroupBox { chain: padded(&self.chain.session_id()), body: to_base64(self.chain.encrypt(payload).to_bytes()) }
    }
}

/// The chain of another device.
#[derive(Serialize, Deserialize)]
pub(crate) struct Listening {
    #[serde(with = "pickled::listening")]
    chain: InboundGroupSession,
    pub(crate) conversation: ConversationId,
    pub(crate) from: Address,
    /// The signing key of that device, as it stood in the signed list when the key came.
    #[serde(with = "serde_bytes")]
    pub(crate) from_key: [u8; 32],
    pub(crate) epoch: u64,
    /// A bit for each position that was opened: Megolm itself opens the same one again.
    used: serde_bytes::ByteBuf,
}

impl Listening {
    /// # Errors
    /// [`Error::Malformed`] where it is no chain's key, or not signed by it.
    pub(crate) fn new(
        conversation: ConversationId,
        from: Address,
        from_key: [u8; 32],
        epoch: u64,
        key: &[u8],
    ) -> Result<(ChainId, Self)> {
        let key = SessionKey::from_bytes(key).map_err(|_| Error::Malformed("a sender key"))?;
        let chain = InboundGroupSession::new(&key, SessionConfig::version_2());
        let id = chain_id(&chain.session_id())?;
        Ok((id, Self { chain, conversation, from, from_key, epoch, used: serde_bytes::ByteBuf::new() }))
    }

    /// Whether this one begins before the other: never replaced by one that reads less.
    pub(crate) fn reads_more_than(&self, other: &Self) -> bool {
        self.chain.first_known_index() < other.chain.first_known_index()
    }

    /// Opens what lies at a position, once.
    ///
    /// # Errors
    /// [`Error::TooOld`] before the first position that this device may read, [`Error::Duplicate`] the second time.
    pub(crate) fn open(&mut self, body: &str) -> Result<Zeroizing<Vec<u8>>> {
        let message =
            MegolmMessage::from_bytes(&unbase64_vec(body, "the box")?).map_err(|_| Error::Malformed("the box"))?;
        let index = message.message_index();
        if index >= MOST_MESSAGES {
            return Err(Error::OutOfBounds("the position in a sender's chain"));
        }
        let (byte, bit) = (index as usize / 8, 1_u8 << (index % 8));
        if self.used.get(byte).is_some_and(|bits| bits & bit != 0) {
            return Err(Error::Duplicate);
        }
        let opened = self.chain.decrypt(&message).map_err(|error| match error {
            DecryptionError::UnknownMessageIndex(..) => Error::TooOld,
            DecryptionError::Signature(_)
            | DecryptionError::InvalidMAC(_)
            | DecryptionError::InvalidMACLength(..)
            | DecryptionError::InvalidPadding(_) => Error::Tampered("the box"),
        })?;
        if self.used.len() <= byte {
            self.used.resize(byte + 1, 0);
        }
        self.used[byte] |= bit;
        Ok(Zeroizing::new(opened.plaintext))
    }
}

/// The chain that a message was spoken on.
pub(crate) fn chain_of(group: &GroupBox) -> Result<ChainId> {
    crate::list::unbase64(&group.chain, "the sender's chain")
}

fn chain_id(session_id: &str) -> Result<ChainId> {
    crate::list::unbase64(&padded(session_id), "the sender's chain")
}

/// vodozemac leaves out the padding of base64.
fn padded(session_id: &str) -> String {
    let missing = session_id.len().next_multiple_of(4) - session_id.len();
    format!("{session_id}{}", &"==="[..missing])
}

/// Chains as their pickles.
mod pickled {
    pub(super) mod speaking {
        use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
        use vodozemac::megolm::{GroupSession, GroupSessionPickle};

        pub(in crate::groups) fn serialize<S: Serializer>(
            chain: &GroupSession,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            chain.pickle().serialize(serializer)
        }

        pub(in crate::groups) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<GroupSession, D::Error> {
            GroupSessionPickle::deserialize(deserializer).map(GroupSession::from_pickle)
        }
    }

    pub(super) mod listening {
        use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
        use vodozemac::megolm::{InboundGroupSession, InboundGroupSessionPickle};

        pub(in crate::groups) fn serialize<S: Serializer>(
            chain: &InboundGroupSession,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            chain.pickle().serialize(serializer)
        }

        pub(in crate::groups) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<InboundGroupSession, D::Error> {
            InboundGroupSessionPickle::deserialize(deserializer).map(InboundGroupSession::from_pickle)
        }
    }
}
