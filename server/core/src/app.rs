//! The plain struct of ports, and who calls.

use std::sync::Arc;

use shared_types::{Code, ConversationId, DeviceId, SessionId, UserId, http::Registration};
use tracing::warn;

use crate::{
    Error, Refusal,
    domain::{conversation::Membership, entry::Plaintext, limits::Limited},
    ports::{
        Accounts, Backups, Blobs, Blocks, Claims, Clock, Conversations, Delivery, Directory, Keys, Lane, Limits, Log,
        Mailboxes, Passwords, Push, Queue, Receipts, Sessions, Tokens,
    },
};

/// Everything a use case may ask, built once at the start.
#[derive(Clone)]
pub struct App {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Who has blocked whom.
    pub blocks: Arc<dyn Blocks>,
    /// Sign-ins.
    pub sessions: Arc<dyn Sessions>,
    /// Conversations and members.
    pub conversations: Arc<dyn Conversations>,
    /// The logs.
    pub log: Arc<dyn Log>,
    /// Public keys.
    pub keys: Arc<dyn Keys>,
    /// What devices leave for each other.
    pub mailboxes: Arc<dyn Mailboxes>,
    /// Heads of backups of people's keys.
    pub backups: Arc<dyn Backups>,
    /// Watermarks.
    pub receipts: Arc<dyn Receipts>,
    /// Message ids on their way.
    pub claims: Arc<dyn Claims>,
    /// Who is connected.
    pub directory: Arc<dyn Directory>,
    /// Token buckets.
    pub limits: Arc<dyn Limits>,
    /// Live events.
    pub delivery: Arc<dyn Delivery>,
    /// Durable queues.
    pub queue: Arc<dyn Queue>,
    /// Large objects.
    pub blobs: Arc<dyn Blobs>,
    /// Wake-ups for devices without a socket.
    pub push: Arc<dyn Push>,
    /// Password hashing.
    pub passwords: Arc<dyn Passwords>,
    /// Access tokens.
    pub tokens: Arc<dyn Tokens>,
    /// The operator's choices.
    pub policy: Policy,
}

/// The operator's choices that rules hang on.
#[derive(Clone)]
pub struct Policy {
    /// Who may make an account.
    pub registration: Registration,
    /// Whether private conversations may carry plain text.
    pub plaintext: Plaintext,
    /// Whether anything is limited.
    pub rate_limits: RateLimits,
    /// Number of partitions; never changed on a store that has conversations in flight.
    pub partitions: u16,
    /// Key from which successors of refresh tokens are derived.
    pub refresh_key: [u8; 32],
    /// Key of the stamps on sealed messages.
    pub franking_key: [u8; 32],
}

/// Whether anything is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimits {
    /// As it should be.
    On,
    /// For load tests.
    Off,
}

/// Who calls, known from their access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// In which session.
    pub session: SessionId,
}

impl App {
    /// Takes one of `key`'s tokens, or refuses with the seconds to wait.
    pub async fn spend(&self, what: Limited, key: impl std::fmt::Display + Send) -> Result<(), Error> {
        if self.policy.rate_limits == RateLimits::Off {
            return Ok(());
        }
        match self.limits.take(&format!("{}:{key}", what.word()), what.bucket()).await {
            Ok(None) => Ok(()),
            Err(error) => {
                // People talk on while nobody counts.
                warn!(%error, "limits are not counted");
                Ok(())
            }
            Ok(Some(seconds)) => {
                let detail = format!("try again in {seconds} s");
                Err(Refusal { retry_after: Some(seconds), ..Refusal::new(Code::RateLimited, detail) }.into())
            }
        }
    }

    /// The person's place in a conversation; to strangers it does not exist.
    pub async fn member(&self, id: ConversationId, user: UserId) -> Result<Membership, Error> {
        let member = self.conversations.member(id, user).await?;
        member.ok_or_else(|| Refusal::not_found("conversation").into())
    }

    /// The partition that gives out this conversation's positions.
    pub fn lane(&self, id: ConversationId) -> Lane {
        // The last bytes of a UUIDv5 or v7 are spread evenly.
        let spread = u128::from_be_bytes(id.bytes()) % u128::from(self.policy.partitions.max(1));
        Lane::Partition(u16::try_from(spread).unwrap_or_default())
    }
}
