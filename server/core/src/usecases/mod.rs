//! What someone, or a worker, can do: one file each, always `(&App, who, input)`.

pub mod account;
mod audience;
pub mod conversation;
pub mod entry;
pub mod keys;
pub mod presence;
pub mod receipt;
pub mod sync;
pub mod typing;
mod view;
