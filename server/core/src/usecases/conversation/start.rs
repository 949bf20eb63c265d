//! Start a conversation.

use std::collections::BTreeMap;

use shared_types::{
    Code, Conversation as View, ConversationId, ConversationKind, Role, ServerEvent, UserId,
    conversation::NewConversation,
    keys::SignedMembers,
    socket::{ConversationChange, ConversationEvent},
};
use uuid::Uuid;

use super::{MOST_IN_GROUP, signed};
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
    let mut others = input.user_ids.clone();
    others.sort_unstable();
    others.dedup();
    others.retain(|user| *user != me.user);
    let most = if input.kind == ConversationKind::Group { MOST_IN_GROUP - 1 } else { MOST_AT_ONCE };
    if others.len() > most {
        return Err(Refusal::field("user_ids", format!("at most {most}")).into());
    }
    super::people(app, me, (input.kind, &others)).await?;
    app.spend(Limited::Start, me.user).await?;
    let roles = match &input.statement {
        Some(statement) => signed_by(app, me, (&input, statement, &others)).await?,
        None => others.iter().map(|user| (*user, Role::Member)).chain([(me.user, Role::Owner)]).collect(),
    };
    let id = input.id.unwrap_or_else(|| ConversationId(Uuid::now_v7()));
    let epoch = input.statement.as_ref().map_or(0, |statement| statement.epoch);
    let created_at = app.clock.now();
    let conversation = Conversation { id, kind: input.kind, title: Some(title), created_at, epoch };
    let mut members: Vec<_> = roles.into_iter().map(|(user, role)| Membership::new(id, user, role)).collect();
    // Whoever makes it goes first.
    members.sort_by_key(|member| member.user != me.user);
    if !app.conversations.create(&conversation, &members, input.statement.as_ref()).await? {
        return existing(app, me, (id, input.statement.as_ref())).await;
    }
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

/// The members of a new group as they were signed: just those who are named.
async fn signed_by(
    app: &App,
    me: Caller,
    (input, statement, others): (&NewConversation, &SignedMembers, &[UserId]),
) -> Result<BTreeMap<UserId, Role>, Error> {
    if input.kind != ConversationKind::Group {
        return Err(Refusal::field("statement", "only the members of a group are signed").into());
    }
    if input.id != Some(statement.conversation_id) {
        return Err(Refusal::field("id", "the conversation of the statement").into());
    }
    if statement.epoch != 1 {
        return Err(Refusal::field("statement.epoch", "1").into());
    }
    let roles = signed::check_first(app, me, statement).await?;
    if roles.len() != others.len() + 1 || !others.iter().all(|user| roles.contains_key(user)) {
        return Err(Refusal::field("statement.members", "oneself and `user_ids`").into());
    }
    Ok(roles)
}

/// The group of that id, where it is the one that was asked for: its maker did not hear that it was made.
async fn existing(
    app: &App,
    me: Caller,
    (id, statement): (ConversationId, Option<&SignedMembers>),
) -> Result<Started, Error> {
    let taken =
        || Refusal { field: Some("id".into()), ..Refusal::new(Code::IdConflict, "another conversation has it") };
    let mine = app.conversations.member(id, me.user).await?.ok_or_else(taken)?;
    let first = app.conversations.statements(id, 0, 1).await?.pop();
    if statement.is_none() || first.as_ref() != statement {
        return Err(taken().into());
    }
    Ok(Started::Existing(Box::new(seen(app, mine).await?)))
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
    let created_at = app.clock.now();
    let conversation = Conversation { id, kind: ConversationKind::Direct, title: None, created_at, epoch: 0 };
    let mine = Membership::new(id, me.user, Role::Member);
    let theirs = Membership::new(id, other, Role::Member);
    let is_new = app.conversations.create(&conversation, &[mine.clone(), theirs.clone()], None).await?;
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
