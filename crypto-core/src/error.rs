//! What can go wrong, and what can be done about it.

use shared_types::{DeviceId, UserId};

/// Short for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something was not done. Whatever is refused has changed nothing: the next message opens as if this one had not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Bytes that are not what they should be.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// Somebody other than the named key made, or changed, this.
    #[error("the signature of {0} does not fit")]
    BadSignature(&'static str),
    /// Their account key is not the one that this device knows: they started afresh, or somebody stands between.
    #[error("the account key of {0} has changed")]
    AccountKeyChanged(UserId),
    /// An older device list than the one that this device knows, or another one of the same version.
    #[error("the device list of {0} was rolled back or forked")]
    DeviceListRolledBack(UserId),
    /// Not in the signed list of its user, as far as this device knows.
    #[error("device {1} of {0} is not in their signed list")]
    UnknownDevice(UserId, DeviceId),
    /// A group whose members changed without an admin's signature.
    #[error("the members changed in a way that nobody signed who may")]
    UnsignedMembership,
    /// The directory gave no key with which to begin.
    #[error("device {1} of {0} has no keys to begin a session with")]
    NoPrekey(UserId, DeviceId),
    /// Seen before.
    #[error("this was opened before")]
    Duplicate,
    /// For another device.
    #[error("this is for another device")]
    NotForThisDevice,
    /// No session opens it.
    #[error("no session opens this")]
    NoSession,
    /// Its key was used up, or so many others came before that it was dropped.
    #[error("the key to this is gone: it is too old")]
    TooOld,
    /// Its content key has not come yet.
    #[error("the key to this has not come yet")]
    Waiting,
    /// It opens, but was made for another place: who sent it, to whom, in which conversation, or with which message.
    #[error("this was made for another {0}")]
    Mismatch(&'static str),
    /// It does not open with the key that belongs to it.
    #[error("{0} was changed on its way")]
    Tampered(&'static str),
    /// Nobody could prove later what it said.
    #[error("this message could not be reported, so it is not shown")]
    Unreportable,
    /// The wrong passphrase or recovery key.
    #[error("that is not the right passphrase or recovery key")]
    WrongSecret,
    /// A setting that makes guessing cheap, or this device run out of memory.
    #[error("{0} is out of bounds")]
    OutOfBounds(&'static str),
    /// The keys on this device are older than those that it has used already.
    #[error("the keys on this device were rolled back to an older state")]
    StateRolledBack,
    /// This device does not hold the account key yet.
    #[error("this device is not linked to the account yet")]
    NotLinked,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing has to be done.
    Nothing,
    /// It comes right by itself; after a minute, ask its sender's device again.
    Wait,
    /// Begin a new session with that device, and ask it to send the keys once more.
    Repair,
    /// Fetch the people's device lists again, then try once more.
    Refresh,
    /// Not shown: somebody on the way is cheating, or broken.
    Refuse,
    /// Only the person can decide: compare the safety number, type the secret again, or link this device.
    AskPerson,
}

impl Remedy {
    /// Its word in answers to clients.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Wait => "wait",
            Self::Repair => "repair",
            Self::Refresh => "refresh",
            Self::Refuse => "refuse",
            Self::AskPerson => "ask_person",
        }
    }
}

impl Error {
    /// What can be done about it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Duplicate | Self::NotForThisDevice => Remedy::Nothing,
            Self::Waiting => Remedy::Wait,
            Self::NoSession | Self::TooOld => Remedy::Repair,
            Self::UnknownDevice(..) | Self::NoPrekey(..) => Remedy::Refresh,
            Self::Malformed(_)
            | Self::BadSignature(_)
            | Self::DeviceListRolledBack(_)
            | Self::UnsignedMembership
            | Self::Mismatch(_)
            | Self::Tampered(_)
            | Self::Unreportable
            | Self::OutOfBounds(_) => Remedy::Refuse,
            Self::AccountKeyChanged(_) | Self::WrongSecret | Self::StateRolledBack | Self::NotLinked => {
                Remedy::AskPerson
            }
        }
    }
}
