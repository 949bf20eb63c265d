//! Redis: what is hot and may be lost. Every key has a time to live; after a flush everything comes back from MongoDB, or
//! from the pods themselves. While it is away its ports fail at once instead of making everybody wait.

mod address;
mod channels;
mod claims;
mod directory;
mod limits;
mod link;
mod marks;
mod master;
mod woken;

pub(crate) use channels::Channels;
pub use claims::Claimed;
pub use link::Link;
pub use marks::Marks;

/// The setting that names it.
pub(crate) const SETTING: &str = "SOTTO_CACHE";
