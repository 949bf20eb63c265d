//! The contract of [`crate::ports::Sessions`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{SessionId, Timestamp, UserId, account::Device};
use uuid::Uuid;

use crate::{
    App,
    domain::session::{Session, TokenHash},
};

fn session(user: UserId) -> Session {
    Session {
        id: SessionId(Uuid::now_v7()),
        user,
        device: Device { id: [1; 16].into(), name: "phone".into(), platform: "web".into() },
        created_at: Timestamp(1),
        last_used_at: Timestamp(1),
        newest: TokenHash([1; 32]),
        before: None,
        ended_at: None,
    }
}

/// Of two who come with the same token, one advances the session.
pub async fn the_newest_token_advances_once(app: &App) {
    let first = session(super::user());
    app.sessions.create(&first).await.unwrap();
    let next = first.clone().advance(TokenHash([2; 32]), Timestamp(2));
    let (one, other) =
        super::join(app.sessions.advance(first.newest, &next), app.sessions.advance(first.newest, &next)).await;
    assert_ne!(one.unwrap(), other.unwrap());
    assert_eq!(app.sessions.find(first.id).await.unwrap(), Some(next));
}

/// Nothing brings it back, and the first moment stays.
pub async fn an_ended_session_stays_ended(app: &App) {
    let live = session(super::user());
    app.sessions.create(&live).await.unwrap();
    for at in [5, 9] {
        app.sessions.end(live.id, Timestamp(at)).await.unwrap();
    }
    let next = live.clone().advance(TokenHash([2; 32]), Timestamp(6));
    assert!(!app.sessions.advance(live.newest, &next).await.unwrap());
    let ended = Session { ended_at: Some(Timestamp(5)), ..live };
    assert_eq!(app.sessions.find(ended.id).await.unwrap(), Some(ended));
    app.sessions.end(SessionId(Uuid::now_v7()), Timestamp(1)).await.unwrap();
}

/// One's own, the newest first.
pub async fn sessions_are_listed_newest_first(app: &App) {
    let user = super::user();
    let sessions = [session(user), session(user), session(super::user())];
    for session in &sessions {
        app.sessions.create(session).await.unwrap();
    }
    let listed: Vec<_> = app.sessions.of(user).await.unwrap().into_iter().map(|session| session.id).collect();
    assert_eq!(listed, [sessions[1].id, sessions[0].id]);
}
