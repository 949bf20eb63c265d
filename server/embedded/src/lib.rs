//! Every port in this process: one key-value file, and memory for what may be forgotten.

mod accounts;
mod backups;
mod blobs;
mod blocks;
mod claims;
mod conversations;
mod db;
mod delivery;
mod device_keys;
mod directory;
mod keys;
mod limits;
mod log;
mod mailboxes;
mod push;
mod queue;
mod receipts;
mod sessions;

use std::{path::Path, sync::Arc};

pub use blobs::Folder;
pub use claims::Remembered;
pub use db::{Db, OpenError};
pub use delivery::InProcess;
pub use directory::Present;
pub use limits::Buckets;
pub use push::Woken;
pub use queue::Lanes;

/// The durable ports over one file. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Arc<Db>,
}

impl Store {
    /// Opens the store in a directory, which is made if it is missing.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Ok(Self { db: Arc::new(Db::open(dir)?) })
    }

    /// The queues that live in the same file; what was pending is handed out again.
    pub fn queue(&self, partitions: u16) -> Result<Lanes, OpenError> {
        Lanes::open(Arc::clone(&self.db), partitions)
    }

    /// What is wrong with it, if anything is.
    pub fn trouble(&self) -> Option<String> {
        self.db.trouble()
    }
}
