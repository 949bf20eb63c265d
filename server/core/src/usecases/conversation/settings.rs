//! One's own settings of a conversation.

use shared_types::{
    Conversation as View, ConversationId, ServerEvent,
    conversation::UpdateConversation,
    socket::{ConversationChange, ConversationEvent},
};

use crate::{App, Caller, Error, Refusal, domain::conversation::Membership, ports::Audience, usecases::view};

/// Changes what the caller gave; their other devices hear of it.
pub async fn update_conversation(
    app: &App,
    me: Caller,
    (id, input): (ConversationId, UpdateConversation),
) -> Result<View, Error> {
    let mut mine = app.member(id, me.user).await?;
    if let Some(until) = input.muted_until {
        mine.muted_until = until;
        app.conversations.update_member(&mine).await?;
    }
    tell(app, mine, ConversationChange::Updated).await
}

/// Takes the conversation off the caller's list until something new is said; nobody else notices.
pub async fn hide_conversation(app: &App, me: Caller, id: ConversationId) -> Result<(), Error> {
    let mine = app.member(id, me.user).await?;
    let head = app.log.heads(&[id]).await?.pop();
    let mine = Membership { hidden_seq: head, ..mine };
    app.conversations.update_member(&mine).await?;
    tell(app, mine, ConversationChange::Removed).await.map(drop)
}

async fn tell(app: &App, mine: Membership, change: ConversationChange) -> Result<View, Error> {
    let user = mine.user;
    let view = view::conversations(app, vec![mine]).await?.pop();
    let conversation = view.ok_or_else(|| Refusal::not_found("conversation"))?;
    let event = ConversationEvent { change, conversation: conversation.clone() };
    app.delivery.tell(Audience::Users(vec![user]), ServerEvent::Conversation(event)).await;
    Ok(conversation)
}
