//! Who hears of what happens in a conversation.

use shared_types::{ConversationId, ConversationKind};

use crate::{App, Error, domain::conversation::Conversation, ports::Audience};

/// Everybody in it: the two of a direct one by name, others as members.
pub(super) async fn of(app: &App, conversation: &Conversation) -> Result<Audience, Error> {
    Ok(match conversation.kind {
        ConversationKind::Direct => {
            let members = app.conversations.members(conversation.id).await?;
            Audience::Users(members.into_iter().map(|member| member.user).collect())
        }
        ConversationKind::Group | ConversationKind::Community => Audience::Members(conversation.id),
    })
}

/// Everybody in the conversation of that id; nobody where there is none.
pub(super) async fn of_id(app: &App, id: ConversationId) -> Result<Audience, Error> {
    match app.conversations.find(&[id]).await?.pop() {
        Some(conversation) => of(app, &conversation).await,
        None => Ok(Audience::Users(Vec::new())),
    }
}
