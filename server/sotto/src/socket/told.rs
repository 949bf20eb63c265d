//! What a pod has told of watermarks, so that none falls in anybody's eyes.

use std::collections::HashMap;

use shared_types::{ConversationId, Receipt, Seq, ServerEvent, UserId};

/// How many watermarks are remembered; more than are in motion at a time.
const REMEMBERED: usize = 20_000;

/// The last watermarks told. Raising and telling are two steps, so two devices' receipts may come out of order.
#[derive(Default)]
pub(super) struct Told {
    marks: HashMap<(ConversationId, UserId), Receipt>,
}

impl Told {
    /// The event, with a receipt lifted to what was told before; `None` if it would tell nothing new.
    pub(super) fn rising(&mut self, event: ServerEvent) -> Option<ServerEvent> {
        let ServerEvent::Receipt(receipt) = event else { return Some(event) };
        if self.marks.len() >= REMEMBERED {
            self.marks.clear();
        }
        let last = self.marks.entry((receipt.conversation_id, receipt.user_id)).or_insert(Receipt {
            delivered_seq: Seq(0),
            read_seq: Seq(0),
            ..receipt
        });
        let risen = Receipt {
            delivered_seq: receipt.delivered_seq.max(last.delivered_seq),
            read_seq: receipt.read_seq.max(last.read_seq),
            ..receipt
        };
        if *last == risen {
            return None;
        }
        *last = risen;
        Some(ServerEvent::Receipt(risen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(delivered: u64, read: u64) -> ServerEvent {
        ServerEvent::Receipt(Receipt {
            conversation_id: [1; 16].into(),
            user_id: [2; 16].into(),
            delivered_seq: Seq(delivered),
            read_seq: Seq(read),
        })
    }

    #[test]
    fn a_late_receipt_is_lifted_or_dropped() {
        let mut told = Told::default();
        assert_eq!(told.rising(receipt(4, 3)), Some(receipt(4, 3)));
        assert_eq!(told.rising(receipt(4, 2)), None);
        assert_eq!(told.rising(receipt(5, 1)), Some(receipt(5, 3)));
        assert_eq!(told.rising(receipt(5, 3)), None);
    }
}
