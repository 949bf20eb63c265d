//! Conversations.

mod list;
mod settings;
mod start;

pub use list::{find_conversation, list_conversations};
pub use settings::{hide_conversation, update_conversation};
pub use start::{Started, start_conversation};
