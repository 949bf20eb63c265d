//! Take a message back by its id.

use shared_types::{ConversationId, EntryKind, MessageId, entry::NewMessage, socket::SendMessage};
use uuid::Uuid;

/// The entry that takes a message back. Its id hangs on the target's alone, so that asking twice is asking once.
pub fn retract((conversation_id, target): (ConversationId, MessageId)) -> SendMessage {
    SendMessage {
        conversation_id,
        message: NewMessage {
            id: Some(MessageId(Uuid::new_v5(&target.0, b"retract"))),
            kind: Some(EntryKind::Retract),
            target: Some(target),
            envelope: None,
            reply_to: None,
            expires_in: None,
        },
    }
}
