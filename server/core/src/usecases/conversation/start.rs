//! Start a conversation.

use shared_types::{
    Code, Conversation as View, ConversationId, ConversationKind, Role, ServerEvent, UserId,
    conversation::NewConversation,
    socket::{ConversationChange, ConversationEvent},
};
use uuid::Uuid;

use crate::{
    App, Caller, Error, Refusal,
    domain::{
        account::shown_name,
        conversation::{Conversation, Membership},
        limits::Limited,
    },
    ports::Audience,
    usecases::view,
};

/// The most members of a group (`docs/architecture.md`).
const MOST_IN_GROUP: usize = 1_024;
/// The most people whom a community may start with.
const MOST_AT_ONCE: usize = 3_000;
/// The longest title, in characters.
const MOST_TITLE: usize = 128;

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
        return many(app, me, input).await;
    }
    if input.title.is_some() {
        return Err(Refusal::field("title", "a direct conversation has no title").into());
    }
    if !input.user_ids.is_empty() {
        return Err(Refusal::field("user_ids", "a direct conversation has one other person: give user_id").into());
    }
    let other = input.user_id.ok_or_else(|| Refusal::field("user_id", "required: the other person"))?;
    direct(app, me, other).await
}

/// A group or a community, with whoever starts it as its owner.
async fn many(app: &App, me: Caller, input: NewConversation) -> Result<Started, Error> {
    if input.user_id.is_some() {
        return Err(Refusal::field("user_id", "give user_ids: more than one may be in it").into());
    }
    let title = input.title.as_deref().ok_or_else(|| Refusal::field("title", "required"))?;
    let title = shown_name("title", title, MOST_TITLE)?;
    let mut others = input.user_ids;
    others.sort_unstable();
    others.dedup();
    others.retain(|user| *user != me.user);
    let most = if input.kind == ConversationKind::Group { MOST_IN_GROUP - 1 } else { MOST_AT_ONCE };
    if others.len() > most {
        return Err(Refusal::field("user_ids", format!("at most {most}")).into());
    }
    let found = app.accounts.find(&others).await?;
    if let Some(stranger) = others.iter().find(|user| !found.iter().any(|account| account.id == **user)) {
        let detail = format!("there is no user {stranger}");
        return Err(Refusal { field: Some("user_ids".into()), ..Refusal::new(Code::NotFound, detail) }.into());
    }
    if input.kind == ConversationKind::Group {
        for other in &others {
            if app.blocks.between(me.user, *other).await? {
                let blocked = Refusal::new(Code::Blocked, "one of you has blocked the other");
                return Err(Refusal { field: Some("user_ids".into()), ..blocked }.into());
            }
        }
    }
    app.spend(Limited::Start, me.user).await?;
    let id = ConversationId(Uuid::now_v7());
    let conversation = Conversation { id, kind: input.kind, title: Some(title), created_at: app.clock.now() };
    let mut members = vec![Membership::new(id, me.user, Role::Owner)];
    members.extend(others.iter().map(|user| Membership::new(id, *user, Role::Member)));
    app.conversations.create(&conversation, &members).await?;
    // One view for all: nobody has said or read anything yet.
    let mine = seen(app, members[0].clone()).await?;
    for member in members {
        let my = shared_types::conversation::My { role: member.role, ..mine.my.clone() };
        let event =
            ConversationEvent { change: ConversationChange::Created, conversation: View { my, ..mine.clone() } };
        app.delivery.tell(Audience::Users(vec![member.user]), ServerEvent::Conversation(event)).await;
    }
    Ok(Started::New(Box::new(mine)))
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
