//! Block and unblock people.

use shared_types::UserId;

use crate::{App, Caller, Error, Refusal};

/// Neither can send to the other in their direct conversation any more.
pub async fn block(app: &App, me: Caller, whom: UserId) -> Result<(), Error> {
    if whom == me.user {
        return Err(Refusal::field("user_id", "you can't block yourself").into());
    }
    if app.accounts.find(&[whom]).await?.is_empty() {
        return Err(Refusal::not_found("user").into());
    }
    Ok(app.blocks.set(me.user, whom).await?)
}

/// Takes a block back; without one nothing changes.
pub async fn unblock(app: &App, me: Caller, whom: UserId) -> Result<(), Error> {
    Ok(app.blocks.clear(me.user, whom).await?)
}
