//! What a pod has told of watermarks, so that none falls in anybody's eyes.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use shared_types::{ConversationId, Receipt, Seq, ServerEvent, UserId};
use sotto_core::domain::receipt::Watermark;
use tokio::time::Instant;

/// How many watermarks are remembered; more than are in motion at a time.
const REMEMBERED: usize = 20_000;

/// For how long a pod that may have missed something takes into account that what comes may be late. A pod that tells
/// others tries for some seconds.
const DOUBT: Duration = Duration::from_secs(30);

/// The last watermarks told. Raising and telling are two steps, so two devices' receipts may come out of order.
///
/// A pod that has just started, or has missed some, has not told what its clients may have heard elsewhere. For a while
/// it has to learn a conversation's watermarks before it tells the first of them.
pub(super) struct Told {
    marks: HashMap<(ConversationId, UserId), Receipt>,
    doubts_until: Instant,
    learned: HashSet<ConversationId>,
    /// What was learned: lower than that nothing is told.
    floors: HashMap<(ConversationId, UserId), Watermark>,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            marks: HashMap::new(),
            doubts_until: Instant::now() + DOUBT,
            learned: HashSet::new(),
            floors: HashMap::new(),
        }
    }
}

impl Told {
    /// Others may have been told what this pod was not.
    pub(super) fn doubt(&mut self) {
        *self = Self { marks: std::mem::take(&mut self.marks), ..Self::default() };
    }

    /// What was told elsewhere can't be found out.
    pub(super) fn trust(&mut self) {
        self.doubts_until = Instant::now();
    }

    /// The conversation whose watermarks have to be learned before this is told.
    pub(super) fn unsure_of(&self, event: &ServerEvent) -> Option<ConversationId> {
        let ServerEvent::Receipt(receipt) = event else { return None };
        let unsure = Instant::now() < self.doubts_until && !self.learned.contains(&receipt.conversation_id);
        unsure.then_some(receipt.conversation_id)
    }

    /// How far everybody in a conversation is.
    pub(super) fn learn(&mut self, of: ConversationId, marks: Vec<(ConversationId, UserId, Watermark)>) {
        self.learned.insert(of);
        self.floors.extend(marks.into_iter().map(|(conversation, user, mark)| ((conversation, user), mark)));
    }

    /// The event, with a receipt lifted to what was told before; `None` if it would tell nothing new.
    pub(super) fn rising(&mut self, event: ServerEvent) -> Option<ServerEvent> {
        let ServerEvent::Receipt(receipt) = event else { return Some(event) };
        if self.marks.len() >= REMEMBERED {
            self.marks.clear();
        }
        if !self.floors.is_empty() && Instant::now() >= self.doubts_until {
            self.floors.clear();
            self.learned.clear();
        }
        let last = self.marks.entry((receipt.conversation_id, receipt.user_id)).or_insert(Receipt {
            delivered_seq: Seq(0),
            read_seq: Seq(0),
            ..receipt
        });
        let floor = self.floors.get(&(receipt.conversation_id, receipt.user_id)).copied().unwrap_or_default();
        let risen = Receipt {
            delivered_seq: receipt.delivered_seq.max(last.delivered_seq).max(floor.delivered),
            read_seq: receipt.read_seq.max(last.read_seq).max(floor.read),
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

    fn known(delivered: u64, read: u64) -> Vec<(ConversationId, UserId, Watermark)> {
        vec![([1; 16].into(), [2; 16].into(), Watermark { delivered: Seq(delivered), read: Seq(read) })]
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_in_doubt_tells_nothing_lower_than_what_was_told_elsewhere_and_tells_it_once() {
        let mut told = Told::default();
        assert_eq!(told.unsure_of(&receipt(4, 3)), Some([1; 16].into()));
        told.learn([1; 16].into(), known(6, 5));
        assert_eq!(told.unsure_of(&receipt(4, 3)), None);
        assert_eq!(told.rising(receipt(4, 3)), Some(receipt(6, 5)));
        assert_eq!(told.rising(receipt(6, 5)), None);
        tokio::time::advance(DOUBT).await;
        assert_eq!(told.unsure_of(&receipt(4, 3)), None);
        assert_eq!(told.rising(receipt(7, 5)), Some(receipt(7, 5)));
        told.doubt();
        assert_eq!(told.unsure_of(&receipt(7, 5)), Some([1; 16].into()));
        told.trust();
        assert_eq!(told.unsure_of(&receipt(7, 5)), None);
    }
}
