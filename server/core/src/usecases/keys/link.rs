//! Linking a new device: its person's devices talk to each other, and the server carries it.

use shared_types::{
    ServerEvent,
    socket::{LinkEvent, SendLink},
};

use crate::{App, Caller, Error, Refusal, domain::limits::Limited, ports::Audience};

/// The longest step, in characters.
const MOST: usize = 4_096;

/// Tells one's other devices; nothing is kept.
pub async fn relay_link(app: &App, me: Caller, input: SendLink) -> Result<(), Error> {
    if !(1..=MOST).contains(&input.body.len()) {
        return Err(Refusal::field("body", format!("1 to {MOST} characters")).into());
    }
    app.spend(Limited::Signal, me.user).await?;
    let event = LinkEvent { from: me.device, to: input.to, body: input.body };
    app.delivery.tell(Audience::Users(vec![me.user]), ServerEvent::Link(event)).await;
    Ok(())
}
