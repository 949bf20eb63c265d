//! What the server itself says in a log.

use shared_types::{EntryKind, MessageId, entry::System};
use uuid::Uuid;

use crate::{
    App, Caller, Error, PortError,
    domain::{conversation::Conversation, entry::Draft},
};

/// Puts an entry into the log, in the name of whoever did what it says. Where the members are signed, doing it again adds
/// nothing: its id follows from the statement and its number among the entries of that.
pub(super) async fn publish(
    app: &App,
    me: Caller,
    (found, number, what): (&Conversation, usize, System),
) -> Result<(), Error> {
    let name = format!("members/{}/{number}", found.epoch);
    let id = if found.epoch == 0 { Uuid::now_v7() } else { Uuid::new_v5(&found.id.0, name.as_bytes()) };
    let draft = Draft {
        id: MessageId(id),
        conversation: found.id,
        kind: EntryKind::System,
        target: None,
        sender: me.user,
        device: me.device,
        sent_at: app.clock.now(),
        envelope: None,
        reply_to: None,
        expires_at: None,
        boxes: Vec::new(),
        system: Some(what),
        stamp: None,
    };
    let payload = serde_json::to_vec(&draft).map_err(|error| PortError::new("queue", error))?;
    Ok(app.queue.publish(app.lane(found.id), payload).await?)
}
