//! Take a message back by its id.

use shared_types::{ConversationId, EntryKind, MessageId, entry::NewMessage, socket::SendMessage};
use uuid::Uuid;

use crate::App;

/// The entry that takes a message back. Its id hangs on the target's, so that asking twice is asking once, and on the
/// server's key, so that nobody else can use it up before.
pub fn retract(app: &App, (conversation_id, target): (ConversationId, MessageId)) -> SendMessage {
    let name = [app.policy.refresh_key.as_slice(), b"retract"].concat();
    SendMessage {
        conversation_id,
        message: NewMessage {
            id: Some(MessageId(Uuid::new_v5(&target.0, &name))),
            kind: Some(EntryKind::Retract),
            target: Some(target),
            ..NewMessage::default()
        },
    }
}
