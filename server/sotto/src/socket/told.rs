//! What a pod has told of watermarks, so that none falls in anybody's eyes.

use std::{collections::HashMap, time::Duration};

use shared_types::{ConversationId, Receipt, Seq, ServerEvent, UserId};
use sotto_core::domain::receipt::Watermark;
use tokio::time::Instant;

/// How many watermarks are remembered; more than are in motion at a time.
const REMEMBERED: usize = 20_000;

/// For how long a pod that may have missed something takes into account that what comes may be late, and for how long
/// what it learned counts. A pod that tells others tries for some seconds.
const DOUBT: Duration = Duration::from_secs(30);
/// For how long nothing is asked where nobody could answer: everything else waits meanwhile.
const BLIND: Duration = Duration::from_secs(5);

/// The last watermarks told. Raising and telling are two steps, so two devices' receipts may come out of order.
///
/// A pod does not know what its clients have heard elsewhere, and what comes late may be lower than that. One that has just
/// started, or has missed some, takes everything for late for a while. Before it tells something late it has to learn how
/// far the conversation's members are.
pub(super) struct Told {
    marks: HashMap<(ConversationId, UserId), Receipt>,
    doubts_until: Instant,
    blind_until: Instant,
    /// What was learned, with how many clients had come by then.
    learned: HashMap<ConversationId, u64>,
    learned_at: Instant,
    /// What was learned: lower than that nothing is told.
    floors: HashMap<(ConversationId, UserId), Watermark>,
}

impl Default for Told {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            marks: HashMap::new(),
            doubts_until: now + DOUBT,
            blind_until: now,
            learned: HashMap::new(),
            learned_at: now,
            floors: HashMap::new(),
        }
    }
}

impl Told {
    /// Others may have been told what this pod was not.
    pub(super) fn doubt(&mut self) {
        *self = Self { marks: std::mem::take(&mut self.marks), ..Self::default() };
    }

    /// What was told elsewhere can't be found out for now.
    pub(super) fn trust(&mut self) {
        let now = Instant::now();
        (self.doubts_until, self.blind_until) = (now, now + BLIND);
    }

    /// The conversation whose watermarks have to be learned before this is told. `came` counts the clients that have
    /// come so far: who has come since may have heard more than was learned.
    pub(super) fn unsure_of(&self, event: &ServerEvent, is_late: bool, came: u64) -> Option<ConversationId> {
        let ServerEvent::Receipt(Receipt { conversation_id, .. }) = event else { return None };
        let (now, learned) = (Instant::now(), self.learned.get(conversation_id));
        let doubts = now < self.doubts_until && learned.is_none();
        let is_behind = is_late && now >= self.blind_until && learned != Some(&came);
        (doubts || is_behind).then_some(*conversation_id)
    }

    /// How far everybody in a conversation is.
    pub(super) fn learn(&mut self, (of, came): (ConversationId, u64), marks: Vec<(ConversationId, UserId, Watermark)>) {
        if self.floors.len() >= REMEMBERED {
            self.forget();
        }
        self.learned_at = Instant::now();
        self.learned.insert(of, came);
        self.floors.extend(marks.into_iter().map(|(conversation, user, mark)| ((conversation, user), mark)));
    }

    fn forget(&mut self) {
        self.floors.clear();
        self.learned.clear();
    }

    /// The event, with a receipt lifted to what was told before; `None` if it would tell nothing new.
    pub(super) fn rising(&mut self, event: ServerEvent) -> Option<ServerEvent> {
        let ServerEvent::Receipt(receipt) = event else { return Some(event) };
        if self.marks.len() >= REMEMBERED {
            self.marks.clear();
        }
        if !self.learned.is_empty() && Instant::now() >= self.learned_at + DOUBT {
            self.forget();
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

    const IT: [u8; 16] = [1; 16];

    #[tokio::test(start_paused = true)]
    async fn a_pod_in_doubt_tells_nothing_lower_than_what_was_told_elsewhere_and_tells_it_once() {
        let mut told = Told::default();
        assert_eq!(told.unsure_of(&receipt(4, 3), false, 1), Some(IT.into()));
        told.learn((IT.into(), 1), known(6, 5));
        assert_eq!(told.unsure_of(&receipt(4, 3), false, 2), None);
        assert_eq!(told.rising(receipt(4, 3)), Some(receipt(6, 5)));
        assert_eq!(told.rising(receipt(6, 5)), None);
        tokio::time::advance(DOUBT).await;
        assert_eq!(told.unsure_of(&receipt(4, 3), false, 2), None);
        assert_eq!(told.rising(receipt(7, 5)), Some(receipt(7, 5)));
        told.doubt();
        assert_eq!(told.unsure_of(&receipt(7, 5), false, 2), Some(IT.into()));
        told.trust();
        assert_eq!(told.unsure_of(&receipt(7, 5), false, 2), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_late_is_held_against_what_others_told_whoever_came_meanwhile() {
        let mut told = Told::default();
        tokio::time::advance(DOUBT).await;
        assert_eq!(told.unsure_of(&receipt(4, 3), false, 1), None);
        assert_eq!(told.unsure_of(&receipt(4, 3), true, 1), Some(IT.into()));
        told.learn((IT.into(), 1), known(6, 5));
        assert_eq!(told.unsure_of(&receipt(5, 3), true, 1), None);
        assert_eq!(told.rising(receipt(4, 3)), Some(receipt(6, 5)));
        assert_eq!(told.unsure_of(&receipt(5, 3), true, 2), Some(IT.into()));
        told.trust();
        assert_eq!(told.unsure_of(&receipt(5, 3), true, 2), None);
        tokio::time::advance(BLIND).await;
        assert_eq!(told.unsure_of(&receipt(5, 3), true, 2), Some(IT.into()));
    }
}
