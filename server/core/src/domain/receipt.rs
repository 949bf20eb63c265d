//! Watermarks: two numbers per member that merge by `max`, so that no replay or reordering does harm.

use serde::{Deserialize, Serialize};
use shared_types::{Seq, entry::Status, receipt::NewReceipt};

use crate::Refusal;

/// How far a member has come in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watermark {
    /// The highest position that reached them.
    pub delivered: Seq,
    /// The highest position they have read.
    pub read: Seq,
}

impl Watermark {
    /// The claim, checked against the log's head; reading implies having received.
    pub fn claimed(claim: NewReceipt, head: Seq) -> Result<Self, Refusal> {
        let read = claim.read_seq.unwrap_or_default();
        let delivered = claim.delivered_seq.unwrap_or_default();
        for (field, seq) in [("delivered_seq", delivered), ("read_seq", read)] {
            if seq > head {
                return Err(Refusal {
                    field: Some(field.into()),
                    ..Refusal::new(shared_types::Code::SeqOutOfRange, format!("the newest position is {head}"))
                });
            }
        }
        Ok(Self { delivered: delivered.max(read), read })
    }

    /// The higher of both, each for itself.
    pub fn merge(self, other: Self) -> Self {
        Self { delivered: self.delivered.max(other.delivered), read: self.read.max(other.read) }
    }

    /// How far a message at `seq` has come for all `others`.
    pub fn status(seq: Seq, others: &[Self]) -> Status {
        if others.is_empty() {
            return Status::Sent;
        }
        if others.iter().all(|mark| mark.read >= seq) {
            return Status::Read;
        }
        if others.iter().all(|mark| mark.delivered >= seq) {
            return Status::Delivered;
        }
        Status::Sent
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark(delivered: u64, read: u64) -> Watermark {
        Watermark { delivered: Seq(delivered), read: Seq(read) }
    }

    #[test]
    fn reading_implies_having_received() {
        let claim = NewReceipt { delivered_seq: None, read_seq: Some(Seq(3)) };
        assert_eq!(Watermark::claimed(claim, Seq(3)).unwrap(), mark(3, 3));
    }

    #[test]
    fn a_claim_past_the_head_is_refused_by_its_field() {
        let claim = NewReceipt { delivered_seq: Some(Seq(4)), read_seq: None };
        assert_eq!(Watermark::claimed(claim, Seq(3)).unwrap_err().field.as_deref(), Some("delivered_seq"));
    }

    #[test]
    fn a_status_is_what_all_others_have_reached() {
        assert_eq!(Watermark::status(Seq(2), &[mark(2, 1)]), Status::Delivered);
        assert_eq!(Watermark::status(Seq(2), &[mark(2, 2), mark(2, 1)]), Status::Delivered);
        assert_eq!(Watermark::status(Seq(2), &[mark(2, 2)]), Status::Read);
        assert_eq!(Watermark::status(Seq(2), &[mark(1, 1)]), Status::Sent);
    }

    proptest! {
        #[test]
        fn any_order_of_merging_ends_the_same_and_never_falls(marks in prop::collection::vec((0u64..50, 0u64..50), 1..8)) {
            let marks: Vec<_> = marks.into_iter().map(|(d, r)| mark(d, r)).collect();
            let forwards = marks.iter().fold(Watermark::default(), |sum, next| {
                let merged = sum.merge(*next);
                assert!(merged.delivered >= sum.delivered && merged.read >= sum.read);
                merged
            });
            let backwards = marks.iter().rev().fold(Watermark::default(), |sum, next| sum.merge(*next).merge(*next));
            prop_assert_eq!(forwards, backwards);
        }
    }
}
