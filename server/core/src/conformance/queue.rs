//! The contract of [`crate::ports::Queue`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use std::{sync::OnceLock, time::Duration};

use crate::{
    App,
    ports::{Lane, Taken},
};

/// Lanes above every partition in use, so that no writer takes what a check has published, and others than those of an
/// earlier run, which may have left something behind.
fn lane(number: u16) -> Lane {
    static RUN: OnceLock<u16> = OnceLock::new();
    let run = RUN.get_or_init(|| u16::from_be_bytes([super::user().bytes()[14], super::user().bytes()[15]]) % 6_000);
    Lane::Partition(2_100 + run * 10 + number)
}

async fn publish(app: &App, lane: Lane, words: &[&str]) {
    for word in words {
        app.queue.publish(lane, word.as_bytes().to_vec()).await.unwrap();
    }
}

/// Takes until there are so many.
async fn take(app: &App, lane: Lane, count: usize) -> Vec<Taken> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.extend(app.queue.take(lane, count - taken.len()).await.unwrap());
    }
    taken
}

fn words(taken: &[Taken]) -> Vec<&str> {
    taken.iter().map(|taken| std::str::from_utf8(&taken.payload).unwrap()).collect()
}

/// First in, first out.
pub async fn what_is_published_is_taken_in_order(app: &App) {
    publish(app, lane(0), &["a", "b", "c"]).await;
    let taken = take(app, lane(0), 3).await;
    assert_eq!(words(&taken), ["a", "b", "c"]);
    app.queue.ack(lane(0), &taken.iter().map(|taken| taken.tag).collect::<Vec<_>>()).await.unwrap();
}

/// A lane's payload comes out of that lane alone.
pub async fn lanes_do_not_mix(app: &App) {
    publish(app, lane(1), &["one"]).await;
    publish(app, lane(2), &["two"]).await;
    let (second, first) = (take(app, lane(2), 1).await, take(app, lane(1), 1).await);
    assert_eq!((words(&first), words(&second)), (vec!["one"], vec!["two"]));
    app.queue.ack(lane(1), &[first[0].tag]).await.unwrap();
    app.queue.ack(lane(2), &[second[0].tag]).await.unwrap();
}

/// What is taken still counts until it is done with; acknowledging twice is once.
pub async fn depth_falls_with_acks(app: &App) {
    publish(app, lane(3), &["a", "b"]).await;
    let taken = take(app, lane(3), 2).await;
    assert_eq!(app.queue.depth(lane(3)).await.unwrap(), 2);
    app.queue.ack(lane(3), &[taken[0].tag]).await.unwrap();
    app.queue.ack(lane(3), &[taken[0].tag]).await.unwrap();
    assert_eq!(app.queue.depth(lane(3)).await.unwrap(), 1);
    app.queue.ack(lane(3), &[taken[1].tag]).await.unwrap();
}

/// What can't be processed is kept with its reason, and what comes after it flows on.
pub async fn the_dead_are_kept_off_their_lane(app: &App) {
    publish(app, lane(4), &["poison", "food"]).await;
    let taken = take(app, lane(4), 2).await;
    app.queue.bury(lane(4), taken[0].tag, "can't be read").await.unwrap();
    app.queue.ack(lane(4), &[taken[1].tag]).await.unwrap();
    assert_eq!(app.queue.depth(lane(4)).await.unwrap(), 0);
    assert!(app.queue.dead_count().await.unwrap() >= 1);
    let dead = app.queue.dead(1_000).await.unwrap();
    let poison = dead.iter().find(|dead| dead.lane == lane(4)).unwrap();
    assert_eq!((poison.payload.as_slice(), poison.reason.as_str()), (b"poison".as_slice(), "can't be read"));
}

/// What is put off comes again, later than what came after it, and says how often that was.
pub async fn what_is_put_off_comes_again(app: &App) {
    publish(app, lane(5), &["not yet", "now"]).await;
    let taken = take(app, lane(5), 2).await;
    assert_eq!(taken[0].attempt, 0);
    app.queue.put_off(lane(5), taken[0].tag, Duration::from_millis(100)).await.unwrap();
    app.queue.ack(lane(5), &[taken[1].tag]).await.unwrap();
    let again = take(app, lane(5), 1).await;
    assert_eq!((words(&again), again[0].attempt), (vec!["not yet"], 1));
    app.queue.ack(lane(5), &[again[0].tag]).await.unwrap();
    assert_eq!(app.queue.depth(lane(5)).await.unwrap(), 0);
}
