//! One installation of a client: its keys, its sessions, and what it knows of others.
//!
//! Every call changes memory only. The host commits [`Device::changes`] in one transaction before it sends or
//! acknowledges anything that came of the call; where that fails, it drops the device and loads it again.

mod answer;
mod identity;
mod keep;
mod members;
mod peers;
mod prekeys;
mod receive;
mod send;
mod shelf;

use shared_types::{
    ConversationId, MessageId, UserId,
    keys::{Address, KeyMail},
};
use vodozemac::Curve25519PublicKey;

pub use identity::AccountSecret;
pub use members::Step;
pub use peers::{Learned, Peer};
pub use receive::Received;
pub use send::{Draft, Outgoing};

pub use crate::content::Opened;
use crate::{
    Error, Result,
    groups::{ChainId, Listening, Speaking},
    list::unbase64,
    membership::Members,
    pairwise::{Pair, Sessions},
    secret::Key,
    vault::Vault,
};
use identity::Identity;
pub(crate) use keep::Known;
use keep::Spoken;
use shelf::Shelf;

/// Everything this device holds.
pub struct Device {
    me: Address,
    vault: Vault,
    identity: Identity,
    identity_changed: bool,
    peers: Shelf<UserId, Peer>,
    sessions: Shelf<Address, Sessions>,
    groups: Shelf<ConversationId, Members>,
    speaking: Shelf<ConversationId, Speaking>,
    /// Who held the keys of chains that ended.
    spoken: Shelf<ChainId, Spoken>,
    /// By the device that speaks on it: nobody takes another's chain for its own.
    listening: Shelf<(Address, ChainId), Listening>,
    /// Sealed, and not yet accepted by the server.
    outgoing: Shelf<MessageId, Outgoing>,
    mail: Shelf<MessageId, KeyMail>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device({} of {})", self.me.device_id, self.me.user_id)
    }
}

impl Device {
    /// A new device, with keys of its own and not linked to the account yet.
    pub fn create(me: Address, storage_key: Key) -> Self {
        Self::empty(me, Vault::new(storage_key), Identity::new(), true)
    }

    fn empty(me: Address, vault: Vault, identity: Identity, is_new: bool) -> Self {
        Self {
            me,
            vault,
            identity,
            identity_changed: is_new,
            peers: Shelf::default(),
            sessions: Shelf::default(),
            groups: Shelf::default(),
            speaking: Shelf::default(),
            spoken: Shelf::default(),
            listening: Shelf::default(),
            outgoing: Shelf::default(),
            mail: Shelf::default(),
        }
    }

    /// Whose device this is.
    pub const fn me(&self) -> Address {
        self.me
    }

    /// The boxes that still have to be posted to the mailboxes of others, oldest first.
    pub fn mail(&self) -> Vec<KeyMail> {
        self.mail.iter().map(|(_, mail)| mail.clone()).collect()
    }

    /// These boxes are with the server.
    pub fn posted(&mut self, ids: &[MessageId]) {
        for id in ids {
            self.mail.remove(*id);
        }
    }

    /// The server has accepted the message: what was kept to send it again can go.
    pub fn accepted(&mut self, id: MessageId) {
        self.outgoing.remove(id);
    }

    /// The server has refused a message of a group, since its members or their devices have changed: it is sealed anew.
    pub fn refused(&mut self, id: MessageId) {
        self.outgoing.remove(id);
    }

    /// The keys by which sessions know both sides.
    fn pair(&self, other: Address) -> Result<Pair> {
        let keys = self.listed(other)?;
        let their_key = Curve25519PublicKey::from_bytes(unbase64(&keys.curve25519, "a device's key")?);
        Ok(Pair { me: self.me, other, their_key })
    }

    /// The signing key of a device in a signed list.
    fn signing_key(&self, device: Address) -> Result<[u8; 32]> {
        unbase64(&self.listed(device)?.ed25519, "a device's key")
    }

    fn unknown(device: Address) -> Error {
        Error::UnknownDevice(device.user_id, device.device_id)
    }
}
