//! What the rules need from the world: small traits, one aggregate each, held to their suites in `conformance`.

pub mod accounts;
pub mod backups;
pub mod blobs;
pub mod blocks;
pub mod claims;
pub mod clock;
pub mod conversations;
pub mod delivery;
pub mod keys;
pub mod limits;
pub mod log;
pub mod mailboxes;
pub mod passwords;
pub mod presence;
pub mod push;
pub mod queue;
pub mod receipts;
pub mod sessions;
pub mod tokens;

pub use accounts::{Accounts, Created};
pub use backups::{BackupHead, Backups};
pub use blobs::{BlobKey, Blobs};
pub use blocks::Blocks;
pub use claims::{Claim, Claims};
pub use clock::Clock;
pub use conversations::{Conversations, MemberChange};
pub use delivery::{Audience, Delivery, Heard, Inbox, Parcel, PodId};
pub use keys::{Keys, Prekeys, Stock};
pub use limits::Limits;
pub use log::{Appended, Batch, Log};
pub use mailboxes::{Mailboxes, Post};
pub use passwords::Passwords;
pub use presence::Directory;
pub use push::{Push, Wake};
pub use queue::{Dead, Lane, Queue, Taken};
pub use receipts::{Raised, Receipts};
pub use sessions::Sessions;
pub use tokens::{Access, Tokens};

/// The result of asking a port.
pub type Result<T> = std::result::Result<T, crate::PortError>;
