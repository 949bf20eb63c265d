//! The rules, as values and pure functions.

pub mod account;
pub mod conversation;
pub mod entry;
pub mod keys;
pub mod limits;
pub mod receipt;
pub mod session;
