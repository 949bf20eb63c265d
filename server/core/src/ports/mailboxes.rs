//! Mailboxes: what devices leave for each other, opaque, until it is fetched and acknowledged.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use shared_types::{
    MessageId, Timestamp,
    keys::{Address, MailboxItem},
};

use super::Result;

/// Something for a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Whose.
    pub to: Address,
    /// What.
    pub item: MailboxItem,
}

/// Where mailboxes live.
#[async_trait]
pub trait Mailboxes: Send + Sync {
    /// Puts these in, durably. One that is there under its id stays as it is.
    async fn put(&self, posts: &[Post]) -> Result<()>;

    /// The first `limit` of a device's, by id: ids begin with the moment at which their sender made them.
    async fn list(&self, device: Address, limit: usize) -> Result<Vec<MailboxItem>>;

    /// Removes these; one that is not there is no error.
    async fn ack(&self, device: Address, ids: &[MessageId]) -> Result<()>;

    /// Removes all of a device's.
    async fn clear(&self, device: Address) -> Result<()>;

    /// Removes up to `limit` that were put in before a moment; says how many.
    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
