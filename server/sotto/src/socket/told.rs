//! What a pod has told of watermarks, so that none falls in anybody's eyes.

use std::{collections::HashMap, time::Duration};

use shared_types::{ConversationId, Receipt, Seq, UserId};
use tokio::time::Instant;

/// How many watermarks are remembered; more than are in motion at a time.
const REMEMBERED: usize = 20_000;
/// For how long a pod that may have missed something takes all that comes for late. A pod that tells others tries for some
/// seconds.
const DOUBT: Duration = Duration::from_secs(30);

/// The last watermarks told. Raising and telling are two steps, so two devices' receipts may come out of order.
pub(super) struct Told {
    marks: HashMap<(ConversationId, UserId), Receipt>,
    doubts_until: Instant,
}

impl Default for Told {
    fn default() -> Self {
        Self { marks: HashMap::new(), doubts_until: Instant::now() + DOUBT }
    }
}

impl Told {
    /// Others may have been told what this pod was not.
    pub(super) fn doubt(&mut self) {
        self.doubts_until = Instant::now() + DOUBT;
    }

    /// Whether this pod has just started, or has missed some: what it told says little about what its clients heard.
    pub(super) fn doubts(&self) -> bool {
        Instant::now() < self.doubts_until
    }

    /// The receipt, lifted to what was told before; `None` if it only repeats that.
    pub(super) fn rising(&mut self, receipt: Receipt) -> Option<Receipt> {
        if self.marks.len() >= REMEMBERED {
            self.marks.clear();
            // What is forgotten is as if this pod had just started.
            self.doubt();
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
        // One that says just that itself may be for somebody who has not heard it.
        let repeats = *last == risen && receipt != risen;
        *last = risen;
        (!repeats).then_some(risen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(delivered: u64, read: u64) -> Receipt {
        Receipt {
            conversation_id: [1; 16].into(),
            user_id: [2; 16].into(),
            delivered_seq: Seq(delivered),
            read_seq: Seq(read),
        }
    }

    #[tokio::test]
    async fn a_late_receipt_is_lifted_or_dropped() {
        let mut told = Told::default();
        assert_eq!(told.rising(receipt(4, 3)), Some(receipt(4, 3)));
        assert_eq!(told.rising(receipt(4, 2)), None);
        assert_eq!(told.rising(receipt(5, 1)), Some(receipt(5, 3)));
        assert_eq!(told.rising(receipt(5, 3)), Some(receipt(5, 3)));
        assert_eq!(told.rising(receipt(4, 3)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_doubts_after_its_start_and_whenever_it_missed_something() {
        let mut told = Told::default();
        assert!(told.doubts());
        tokio::time::advance(DOUBT).await;
        assert!(!told.doubts());
        told.doubt();
        assert!(told.doubts());
    }
}
