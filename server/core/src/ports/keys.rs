//! The directory of public keys: whose devices there are, and what a session with one of them begins with.

use async_trait::async_trait;
use shared_types::{
    Timestamp, UserId,
    keys::{Address, ClaimedKeys, DeviceList, Prekey},
};

use super::Result;

/// Keys that a device leaves, checked and signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prekeys {
    /// More one-time keys.
    pub one_time: Vec<Prekey>,
    /// The new fallback key, if there is one.
    pub fallback: Option<Prekey>,
    /// The new post-quantum key, if there is one.
    pub kem: Option<Prekey>,
}

/// What a device has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// One-time keys that nobody was given yet.
    pub one_time_left: u32,
    /// When it last brought a fallback or post-quantum key.
    pub renewed_at: Timestamp,
    /// Whether sessions can begin with it at all: it has both of those.
    pub is_complete: bool,
}

/// Where public keys live.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Puts a person's list in the place of one of a lower version; says whether it stands there now, or did.
    async fn put_list(&self, list: &DeviceList) -> Result<bool>;

    /// The lists of these people, in any order; who has none is left out.
    async fn lists(&self, users: &[UserId]) -> Result<Vec<DeviceList>>;

    /// Adds what a device brings to what it has left. A one-time key that is there under its id stays as it is.
    async fn put_prekeys(&self, device: Address, prekeys: &Prekeys, now: Timestamp) -> Result<Stock>;

    /// What these devices have left, in any order; who never brought anything is left out.
    async fn stocks(&self, devices: &[Address]) -> Result<Vec<(Address, Stock)>>;

    /// A one-time key of each, or its fallback where none is left, with its post-quantum key. Whatever happens, a one-time
    /// key is given to one. Devices that are not complete are left out.
    async fn claim(&self, devices: &[Address]) -> Result<Vec<ClaimedKeys>>;

    /// Removes everything a device has left.
    async fn forget(&self, device: Address) -> Result<()>;

    /// Up to `limit` devices with fewer than `few` one-time keys, or nothing new since `before`.
    async fn wanting(&self, few: u32, before: Timestamp, limit: usize) -> Result<Vec<Address>>;
}
