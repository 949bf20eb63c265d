//! Say that one is typing.

use shared_types::{
    ServerEvent, UserId,
    socket::{Typing, TypingEvent},
};

use crate::{App, Caller, Error, domain::limits::Limited, ports::Audience, usecases::audience};

/// Tells the other members; nothing is kept.
pub async fn typing(app: &App, me: Caller, input: Typing) -> Result<(), Error> {
    app.member(input.conversation_id, me.user).await?;
    app.spend(Limited::Signal, me.user).await?;
    let audience = match audience::of_id(app, input.conversation_id).await? {
        Audience::Users(users) => Audience::Users(unblocked(app, me, users).await?),
        // Of many, a pod leaves out whoever it comes from.
        many => many,
    };
    let event = TypingEvent { conversation_id: input.conversation_id, user_id: me.user, active: input.active };
    app.delivery.tell(audience, ServerEvent::Typing(event)).await;
    Ok(())
}

/// The others, without those between whom and the caller there is a block.
async fn unblocked(app: &App, me: Caller, users: Vec<UserId>) -> Result<Vec<UserId>, Error> {
    let mut others = Vec::new();
    for user in users {
        if user != me.user && !app.blocks.between(me.user, user).await? {
            others.push(user);
        }
    }
    Ok(others)
}
