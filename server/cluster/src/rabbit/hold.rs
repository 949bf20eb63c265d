//! What a consumer has in hand: waiting to be taken, taken, done with. Pure bookkeeping.

use std::collections::{BTreeMap, HashMap, VecDeque};

use sotto_core::ports::Taken;

/// A delivery.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// What it is called towards whoever takes it; never given twice in a process.
    pub(super) tag: u64,
    /// What the broker calls it, on the channel it came from.
    delivery: u64,
    pub(super) payload: Vec<u8>,
    pub(super) attempt: u32,
    again: bool,
}

/// Deliveries of one channel. A new channel begins anew: what it was not told of, the broker hands out again.
#[derive(Default)]
pub(super) struct Hold {
    last_tag: u64,
    waiting: VecDeque<Held>,
    taken: HashMap<u64, Held>,
    /// Every delivery not yet acknowledged, and how many of its payloads are not done with.
    open: BTreeMap<u64, usize>,
}

impl Hold {
    /// One more came, with these payloads in it.
    pub(super) fn put(&mut self, delivery: u64, payloads: Vec<Vec<u8>>, (attempt, again): (u32, bool)) {
        self.open.insert(delivery, payloads.len());
        for payload in payloads {
            self.last_tag += 1;
            self.waiting.push_back(Held { tag: self.last_tag, delivery, payload, attempt, again });
        }
    }

    /// Up to `most` of those waiting, oldest first.
    pub(super) fn take(&mut self, most: usize) -> Vec<Taken> {
        let count = most.min(self.waiting.len());
        let mut taken = Vec::with_capacity(count);
        for held in self.waiting.drain(..count) {
            taken.push(Taken {
                tag: held.tag,
                payload: held.payload.clone(),
                attempt: held.attempt,
                again: held.again || held.attempt > 0,
            });
            self.taken.insert(held.tag, held);
        }
        taken
    }

    /// One that was taken and is not done with.
    pub(super) fn held(&self, tag: u64) -> Option<Held> {
        self.taken.get(&tag).cloned()
    }

    /// These are done with. Gives the delivery up to which all are: the one to acknowledge, with all before it.
    pub(super) fn done(&mut self, tags: &[u64]) -> Option<u64> {
        for tag in tags {
            if let Some(held) = self.taken.remove(tag)
                && let Some(left) = self.open.get_mut(&held.delivery)
            {
                *left = left.saturating_sub(1);
            }
        }
        let mut last = None;
        while let Some(first) = self.open.first_entry().filter(|first| *first.get() == 0) {
            last = Some(*first.key());
            first.remove();
        }
        last
    }

    /// One that could not be dealt with waits again, before all others.
    pub(super) fn give_back(&mut self, held: Held) {
        if self.taken.remove(&held.tag).is_some() {
            self.waiting.push_front(held);
        }
    }

    /// How many are waiting or taken.
    pub(super) fn len(&self) -> u64 {
        (self.waiting.len() + self.taken.len()) as u64
    }

    /// Whether some are taken and not done with.
    pub(super) fn is_busy(&self) -> bool {
        !self.taken.is_empty()
    }

    /// Nobody takes these any more: they go back with their channel.
    pub(super) fn stop_waiting(&mut self) {
        self.waiting.clear();
    }

    /// The channel is gone, and with it everything it had brought.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.taken.clear();
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(count: u64) -> Hold {
        let mut hold = Hold::default();
        for delivery in 1..=count {
            hold.put(delivery, vec![vec![]], (0, false));
        }
        hold
    }

    fn tags(taken: &[Taken]) -> Vec<u64> {
        taken.iter().map(|taken| taken.tag).collect()
    }

    #[test]
    fn only_what_is_done_from_the_front_is_acknowledged() {
        let mut hold = filled(4);
        let taken = tags(&hold.take(3));
        assert_eq!(hold.done(&taken[1..2]), None);
        assert_eq!(hold.done(&taken[..1]), Some(2));
        assert_eq!(hold.done(&taken[..2]), None, "done twice is done once");
        assert_eq!(hold.len(), 2);
    }

    #[test]
    fn tags_of_a_lost_channel_mean_nothing_on_the_next() {
        let mut hold = filled(2);
        let old = tags(&hold.take(2));
        hold.clear();
        hold.put(1, vec![vec![]], (0, false));
        assert_eq!(hold.done(&old), None);
        assert_eq!(hold.take(9).len(), 1);
    }

    #[test]
    fn a_delivery_is_done_once_all_that_is_in_it_is() {
        let mut hold = Hold::default();
        hold.put(1, vec![vec![1], vec![2]], (0, false));
        hold.put(2, vec![vec![3]], (0, false));
        let taken = tags(&hold.take(3));
        assert_eq!(hold.done(&[taken[0], taken[2]]), None);
        assert_eq!(hold.done(&[taken[1]]), Some(2));
    }

    #[test]
    fn what_is_given_back_comes_first() {
        let mut hold = filled(2);
        let taken = tags(&hold.take(1));
        let back = hold.held(taken[0]).unwrap();
        hold.give_back(back);
        assert_eq!(tags(&hold.take(2)), [taken[0], taken[0] + 1]);
    }

    proptest! {
        #[test]
        fn all_done_in_whatever_order_is_all_acknowledged(order in Just((1u64..=20).collect::<Vec<_>>()).prop_shuffle()) {
            let mut hold = filled(20);
            hold.take(20);
            let mut last = 0;
            for tag in order {
                if let Some(upto) = hold.done(&[tag]) {
                    prop_assert!(upto > last);
                    last = upto;
                }
            }
            prop_assert_eq!((last, hold.len()), (20, 0));
        }
    }
}
