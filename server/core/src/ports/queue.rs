//! Durable queues: the partitions that give out positions, and asynchronous work.

use std::time::Duration;

use async_trait::async_trait;

use super::Result;

/// One queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// A partition of the conversations; consumed by one at a time, in order.
    Partition(u16),
}

/// Something taken from a lane, not yet done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Names it towards the queue.
    pub tag: u64,
    /// What was published.
    pub payload: Vec<u8>,
    /// How often it was put off before.
    pub attempt: u32,
    /// Whether it may have been handed out before, and so may have been dealt with.
    pub again: bool,
}

/// Something that could not be processed, kept for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// From which lane.
    pub lane: Lane,
    /// What was published.
    pub payload: Vec<u8>,
    /// Why it could not be processed.
    pub reason: String,
}

/// Durable queues. What was published is handed out at least once, in order, until it is acknowledged.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts a payload at the lane's end. Returns once it survives a crash.
    async fn publish(&self, lane: Lane, payload: Vec<u8>) -> Result<()>;

    /// Waits for the next of the lane, up to `most`, oldest first. What was taken and not acknowledged is handed out
    /// again after a restart.
    async fn take(&self, lane: Lane, most: usize) -> Result<Vec<Taken>>;

    /// These are done with.
    async fn ack(&self, lane: Lane, tags: &[u64]) -> Result<()>;

    /// This one can't be processed yet: hands it out again after about `wait`, behind whatever came meanwhile.
    async fn put_off(&self, lane: Lane, tag: u64, wait: Duration) -> Result<()>;

    /// This one can't be processed: keeps it among the dead, off its lane.
    async fn bury(&self, lane: Lane, tag: u64, reason: &str) -> Result<()>;

    /// Up to `limit` of the dead, oldest first.
    async fn dead(&self, limit: usize) -> Result<Vec<Dead>>;

    /// How many the dead are.
    async fn dead_count(&self) -> Result<u64>;

    /// How many wait in the lane or are taken and not done with.
    async fn depth(&self, lane: Lane) -> Result<u64>;
}
