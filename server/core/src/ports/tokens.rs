//! Short-lived access tokens.

use shared_types::{DeviceId, Secret, SessionId, Timestamp, UserId};

use super::Result;

/// What an access token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Who.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// In which session.
    pub session: SessionId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Signs and reads access tokens.
pub trait Tokens: Send + Sync {
    /// Signs one.
    fn sign(&self, access: &Access, now: Timestamp) -> Result<Secret>;

    /// Reads one: `None` if it is not ours, broken, or over.
    fn read(&self, token: &str, now: Timestamp) -> Option<Access>;
}
