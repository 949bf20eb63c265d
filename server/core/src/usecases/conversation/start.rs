//! Start a conversation.

use shared_types::{
    Code, Conversation as View, ConversationId, ConversationKind, Role, ServerEvent, UserId,
    conversation::NewConversation,
    socket::{ConversationChange, ConversationEvent},
};

use crate::{
    App, Caller, Error, Refusal,
    domain::{
        conversation::{Conversation, Membership},
        limits::Limited,
    },
    ports::Audience,
    usecases::view,
};

/// What starting one led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It is new.
    New(Box<View>),
    /// The two had one already.
    Existing(Box<View>),
}

/// Starts a conversation, or gives the direct one that the two have.
pub async fn start_conversation(app: &App, me: Caller, input: NewConversation) -> Result<Started, Error> {
    if input.kind != ConversationKind::Direct {
        return Err(Refusal::field("kind", "this version has direct conversations only").into());
    }
    let other = input.user_id.ok_or_else(|| Refusal::field("user_id", "required: the other person"))?;
    direct(app, me, other).await
}

async fn direct(app: &App, me: Caller, other: UserId) -> Result<Started, Error> {
    if other == me.user {
        return Err(Refusal::field("user_id", "a conversation needs somebody else").into());
    }
    if app.accounts.find(&[other]).await?.is_empty() {
        return Err(Refusal { field: Some("user_id".into()), ..Refusal::not_found("user") }.into());
    }
    let id = ConversationId::direct(me.user, other);
    if let Some(mine) = app.conversations.member(id, me.user).await? {
        // Asking for it again brings it back to the list.
        let shown = Membership { hidden_seq: None, ..mine.clone() };
        if shown != mine {
            app.conversations.update_member(&shown).await?;
        }
        return Ok(Started::Existing(Box::new(seen(app, shown).await?)));
    }
    if app.blocks.between(me.user, other).await? {
        return Err(Refusal::new(Code::Blocked, "one of you has blocked the other").into());
    }
    app.spend(Limited::Start, me.user).await?;
    let conversation = Conversation { id, kind: ConversationKind::Direct, title: None, created_at: app.clock.now() };
    let mine = Membership::new(id, me.user, Role::Member);
    let theirs = Membership::new(id, other, Role::Member);
    let is_new = app.conversations.create(&conversation, &[mine.clone(), theirs.clone()]).await?;
    let view = seen(app, mine).await?;
    if !is_new {
        return Ok(Started::Existing(Box::new(view)));
    }
    for (user, conversation) in [(me.user, view.clone()), (other, seen(app, theirs).await?)] {
        let event = ConversationEvent { change: ConversationChange::Created, conversation };
        app.delivery.tell(Audience::Users(vec![user]), ServerEvent::Conversation(event)).await;
    }
    Ok(Started::New(Box::new(view)))
}

async fn seen(app: &App, mine: Membership) -> Result<View, Error> {
    let view = view::conversations(app, vec![mine]).await?.pop();
    view.ok_or_else(|| Refusal::not_found("conversation").into())
}
