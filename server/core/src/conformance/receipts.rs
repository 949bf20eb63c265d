//! The contract of [`crate::ports::Receipts`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::Seq;

use crate::{App, domain::receipt::Watermark};

fn mark(delivered: u64, read: u64) -> Watermark {
    Watermark { delivered: Seq(delivered), read: Seq(read) }
}

/// Each of the two numbers rises for itself.
pub async fn watermarks_never_fall(app: &App) {
    let (id, user) = (super::conversation(), super::user());
    for claim in [mark(5, 1), mark(3, 3), mark(4, 2), mark(0, 0)] {
        app.receipts.raise(id, user, claim).await.unwrap();
    }
    assert_eq!(app.receipts.of(&[id]).await.unwrap(), [(id, user, mark(5, 3))]);
    assert_eq!(app.receipts.of(&[super::conversation()]).await.unwrap(), []);
}

/// A replay is no news.
pub async fn only_a_rise_is_told_as_one(app: &App) {
    let (id, user) = (super::conversation(), super::user());
    let rises: Vec<bool> = {
        let mut rises = Vec::new();
        for claim in [mark(2, 0), mark(2, 0), mark(1, 0), mark(2, 1), mark(0, 0)] {
            rises.push(app.receipts.raise(id, user, claim).await.unwrap().rose);
        }
        rises
    };
    assert_eq!(rises, [true, false, false, true, false]);
}

/// Two devices at once: the higher of each.
pub async fn racing_claims_merge(app: &App) {
    let (id, user) = (super::conversation(), super::user());
    let (one, other) =
        super::join(app.receipts.raise(id, user, mark(7, 1)), app.receipts.raise(id, user, mark(2, 2))).await;
    assert!(one.unwrap().now.delivered >= Seq(7) && other.unwrap().now.read >= Seq(2));
    assert_eq!(app.receipts.of(&[id]).await.unwrap(), [(id, user, mark(7, 2))]);
}
