//! Block and unblock people.

use shared_types::{ServerEvent, UserId, socket::Presence};

use crate::{App, Caller, Error, Refusal, ports::Audience};

/// Neither can send to the other in their direct conversation any more.
pub async fn block(app: &App, me: Caller, whom: UserId) -> Result<(), Error> {
    if whom == me.user {
        return Err(Refusal::field("user_id", "you can't block yourself").into());
    }
    if app.accounts.find(&[whom]).await?.is_empty() {
        return Err(Refusal::not_found("user").into());
    }
    app.blocks.set(me.user, whom).await?;
    // Both stop watching; the last that each sees is what a stranger sees.
    for (watcher, watched) in [(whom, me.user), (me.user, whom)] {
        let nothing = Presence { user_id: watched, online: false, last_seen: None };
        app.delivery.tell(Audience::Parted(watcher, watched), ServerEvent::Presence(nothing)).await;
    }
    Ok(())
}

/// Takes a block back; without one nothing changes.
pub async fn unblock(app: &App, me: Caller, whom: UserId) -> Result<(), Error> {
    Ok(app.blocks.clear(me.user, whom).await?)
}
