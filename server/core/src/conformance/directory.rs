//! The contract of [`crate::ports::Directory`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{Timestamp, UserId, socket::Presence};

use crate::{
    App,
    ports::{PodId, presence::EXPIRES_MS},
};

fn pod() -> PodId {
    PodId(super::user().to_string().into())
}

async fn look(app: &App, user: UserId, now: Timestamp) -> Presence {
    app.directory.look(&[user], now).await.unwrap().pop().unwrap()
}

/// Coming and going are told once, however many pods hold sockets.
pub async fn a_person_is_online_while_a_pod_says_so(app: &App) {
    let (user, one, other) = (super::user(), pod(), pod());
    let now = app.clock.now();
    assert!(app.directory.arrive(&one, user, now).await.unwrap());
    assert!(!app.directory.arrive(&other, user, now).await.unwrap());
    assert!(look(app, user, now).await.online);
    assert!(!app.directory.leave(&one, user, now.plus_ms(5)).await.unwrap());
    assert!(app.directory.leave(&other, user, now.plus_ms(7)).await.unwrap());
    assert_eq!(
        look(app, user, now.plus_ms(8)).await,
        Presence { user_id: user, online: false, last_seen: Some(now.plus_ms(7)) }
    );
    assert!(!app.directory.leave(&other, user, now.plus_ms(9)).await.unwrap(), "leaving twice is leaving once");
}

/// A pod's word expires unless it beats.
pub async fn a_silent_pod_leaves_no_ghosts(app: &App) {
    let (beating, silent, pod) = (super::user(), super::user(), pod());
    let now = app.clock.now();
    for user in [beating, silent] {
        app.directory.arrive(&pod, user, now).await.unwrap();
    }
    let lost = app.directory.beat(&pod, &[beating], now.plus_ms(EXPIRES_MS / 2)).await.unwrap();
    assert_eq!(lost, [], "it was there");
    let later = now.plus_ms(EXPIRES_MS + 1);
    assert!(look(app, beating, later).await.online);
    assert!(!look(app, silent, later).await.online);
}

/// Whom the directory does not know although their pod holds them may have missed something: the pod hears who.
pub async fn a_beat_says_whom_the_directory_had_lost(app: &App) {
    let (lost, pod) = (super::user(), pod());
    let now = app.clock.now();
    assert_eq!(app.directory.beat(&pod, &[lost], now).await.unwrap(), [lost]);
    assert!(look(app, lost, now.plus_ms(1)).await.online);
    assert_eq!(app.directory.beat(&pod, &[lost], now.plus_ms(1)).await.unwrap(), []);
}

/// Whoever never came is offline without a time, and the answer keeps the order of the question.
pub async fn strangers_were_never_there(app: &App) {
    let (stranger, known) = (super::user(), super::user());
    let now = app.clock.now();
    app.directory.arrive(&pod(), known, now).await.unwrap();
    let states = app.directory.look(&[stranger, known], now).await.unwrap();
    assert_eq!(states[0], Presence { user_id: stranger, online: false, last_seen: None });
    assert!(states[1].online);
}
