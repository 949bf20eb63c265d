//! Say that one is typing.

use shared_types::{
    ServerEvent,
    socket::{Typing, TypingEvent},
};

use crate::{App, Caller, Error, domain::limits::Limited, ports::Audience};

/// Tells the other members; nothing is kept.
pub async fn typing(app: &App, me: Caller, input: Typing) -> Result<(), Error> {
    app.member(input.conversation_id, me.user).await?;
    app.spend(Limited::Signal, me.user).await?;
    let mut others = Vec::new();
    for member in app.conversations.members(input.conversation_id).await? {
        if member.user != me.user && !app.blocks.between(me.user, member.user).await? {
            others.push(member.user);
        }
    }
    let event = TypingEvent { conversation_id: input.conversation_id, user_id: me.user, active: input.active };
    app.delivery.tell(Audience::Users(others), ServerEvent::Typing(event)).await;
    Ok(())
}
