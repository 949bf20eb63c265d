//! Who is connected, and to which pods.

use async_trait::async_trait;
use shared_types::{Timestamp, UserId, socket::Presence};

use super::{PodId, Result};

/// How long a pod's word holds without a beat.
pub const EXPIRES_MS: i64 = 60_000;

/// Directory of connected people. What a pod said expires unless it beats, so that a dead pod leaves no ghosts.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The pod now holds a socket of theirs; says whether they came online by it.
    async fn arrive(&self, pod: &PodId, user: UserId, now: Timestamp) -> Result<bool>;

    /// The pod holds none any more; says whether they went offline by it.
    async fn leave(&self, pod: &PodId, user: UserId, now: Timestamp) -> Result<bool>;

    /// The pod still holds these; says whom the directory had lost. Whoever told them something meanwhile did not find
    /// this pod.
    async fn beat(&self, pod: &PodId, users: &[UserId], now: Timestamp) -> Result<Vec<UserId>>;

    /// The states of these people, in the order asked.
    async fn look(&self, users: &[UserId], now: Timestamp) -> Result<Vec<Presence>>;
}
