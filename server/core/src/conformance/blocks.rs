//! The contract of [`crate::ports::Blocks`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use crate::App;

/// It counts between the two, whoever set it, until that one clears it.
pub async fn a_block_holds_both_ways(app: &App) {
    let (ana, bo) = (super::user(), super::user());
    app.blocks.set(ana, bo).await.unwrap();
    assert!(app.blocks.between(ana, bo).await.unwrap() && app.blocks.between(bo, ana).await.unwrap());
    app.blocks.clear(bo, ana).await.unwrap();
    assert!(app.blocks.between(ana, bo).await.unwrap(), "only who blocked can unblock");
    app.blocks.clear(ana, bo).await.unwrap();
    assert!(!app.blocks.between(ana, bo).await.unwrap());
}

/// A list has everybody once, and nobody else's.
pub async fn blocking_twice_is_blocking_once(app: &App) {
    let (ana, bo, cy) = (super::user(), super::user(), super::user());
    for whom in [cy, bo, cy] {
        app.blocks.set(ana, whom).await.unwrap();
    }
    let mut both = [bo, cy];
    both.sort_unstable();
    assert_eq!(app.blocks.by(ana).await.unwrap(), both);
    assert_eq!(app.blocks.by(bo).await.unwrap(), []);
}
