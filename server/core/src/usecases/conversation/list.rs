//! See one's conversations.

use shared_types::{Conversation as View, ConversationId, conversation::ConversationList};

use crate::{App, Caller, Error, Refusal, domain::conversation::Membership, usecases::view};

/// The caller's conversations, by their newest entry, newest first.
pub async fn list_conversations(app: &App, me: Caller) -> Result<ConversationList, Error> {
    let mine = app.conversations.of(me.user).await?;
    let hidden: Vec<Membership> = mine.iter().filter(|member| member.hidden_seq.is_some()).cloned().collect();
    let mut conversations = view::conversations(app, mine).await?;
    conversations.retain(|view| {
        let member = hidden.iter().find(|member| member.conversation == view.id);
        member.is_none_or(|member| member.is_listed(view.head_seq))
    });
    conversations.sort_by_key(|view| {
        std::cmp::Reverse(view.last_message.as_ref().map_or(view.created_at, |entry| entry.sent_at))
    });
    Ok(ConversationList { conversations })
}

/// One of the caller's conversations.
pub async fn find_conversation(app: &App, me: Caller, id: ConversationId) -> Result<View, Error> {
    let mine = app.member(id, me.user).await?;
    let view = view::conversations(app, vec![mine]).await?.pop();
    view.ok_or_else(|| Refusal::not_found("conversation").into())
}
