//! Conversations.

mod list;
mod members;
mod settings;
mod signed;
mod start;
mod system;

use shared_types::{Code, ConversationKind, UserId};

pub use list::{find_conversation, list_conversations};
pub use members::{Ask, change_members};
pub use settings::{hide_conversation, update_conversation};
pub use signed::list_statements;
pub use start::{Started, start_conversation};

use crate::{App, Caller, Error, Refusal};

/// The most members of a group (`docs/architecture.md`).
const MOST_IN_GROUP: usize = 1_024;

/// Whether these people are there and, in a group, want to be brought in by the caller.
async fn people(app: &App, me: Caller, (kind, users): (ConversationKind, &[UserId])) -> Result<(), Error> {
    let found = app.accounts.find(users).await?;
    if let Some(stranger) = users.iter().find(|user| !found.iter().any(|account| account.id == **user)) {
        let detail = format!("there is no user {stranger}");
        return Err(Refusal { field: Some("user_ids".into()), ..Refusal::new(Code::NotFound, detail) }.into());
    }
    if kind == ConversationKind::Group {
        for user in users {
            if app.blocks.between(me.user, *user).await? {
                let blocked = Refusal::new(Code::Blocked, "one of you has blocked the other");
                return Err(Refusal { field: Some("user_ids".into()), ..blocked }.into());
            }
        }
    }
    Ok(())
}
