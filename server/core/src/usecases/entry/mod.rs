//! Entries of the log: from the sender through the queue to the people.

mod append;
mod expire;
mod history;
mod retract;
mod send;
mod status;

pub use append::{Drafts, Outcome, Writer, append};
pub use expire::expire;
pub use history::{History, history};
pub use retract::retract;
pub use send::send;
pub use status::status;
