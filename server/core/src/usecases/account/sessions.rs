//! See and end one's sessions.

use shared_types::{
    ServerEvent, SessionId,
    account::{Session as View, SessionList},
    socket::{SessionEvent, SessionReason},
};

use crate::{App, Caller, Error, Refusal, ports::Audience};

/// All of the caller's sessions that have not ended.
pub async fn list_sessions(app: &App, me: Caller) -> Result<SessionList, Error> {
    let now = app.clock.now();
    let live = app.sessions.of(me.user).await?.into_iter().filter(|session| session.is_live(now));
    let sessions = live
        .map(|session| View {
            current: session.id == me.session,
            id: session.id,
            device: session.device,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
        })
        .collect();
    Ok(SessionList { sessions })
}

/// Ends one of the caller's sessions; its sockets close. Ending one again changes nothing.
pub async fn end_session(app: &App, me: Caller, id: SessionId) -> Result<(), Error> {
    let session = app.sessions.find(id).await?.filter(|session| session.user == me.user);
    let session = session.ok_or_else(|| Refusal::not_found("session"))?;
    close(app, session.id).await
}

/// Ends a session and closes its sockets, on whatever pod.
pub(super) async fn close(app: &App, id: SessionId) -> Result<(), Error> {
    app.sessions.end(id, app.clock.now()).await?;
    let event = ServerEvent::Session(SessionEvent { reason: SessionReason::Revoked, reconnect_in: None });
    app.delivery.tell(Audience::EndedSession(id), event).await;
    Ok(())
}
