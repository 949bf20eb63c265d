//! Opening a session on a device: the common end of registering and logging in.

use shared_types::{
    DeviceId, SessionId,
    account::{Device, NewDevice, SignedIn},
};
use uuid::Uuid;

use super::sessions::close;
use crate::{
    App, Error, PortError, Refusal,
    domain::{
        account::{Account, shown_name},
        session::{ACCESS_MS, RefreshToken, Session},
    },
    ports::Access,
};

/// Checks what a client says of itself.
pub(super) fn checked(device: &NewDevice) -> Result<NewDevice, Refusal> {
    Ok(NewDevice {
        name: shown_name("device.name", &device.name, 64)?,
        platform: shown_name("device.platform", &device.platform, 32)?,
        id: device.id,
    })
}

/// Opens a session. A device that signs in again keeps its id if it was this account's, and its older session ends.
pub(super) async fn open(app: &App, account: &Account, device: NewDevice) -> Result<SignedIn, Error> {
    let now = app.clock.now();
    let mut id = DeviceId(Uuid::now_v7());
    if let Some(known) = device.id {
        for older in app.sessions.of(account.id).await?.into_iter().filter(|session| session.device.id == known) {
            id = known;
            if older.is_live(now) {
                close(app, older.id).await?;
            }
        }
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|error| PortError::new("randomness", error.to_string()))?;
    let token = RefreshToken::first(SessionId(Uuid::now_v7()), secret);
    let session = Session {
        id: token.session,
        user: account.id,
        device: Device { id, name: device.name, platform: device.platform },
        created_at: now,
        last_used_at: now,
        newest: token.hash(),
        before: None,
        ended_at: None,
    };
    app.sessions.create(&session).await?;
    answer(app, account, session, &token)
}

/// What a client gets for a session and its newest refresh token.
pub(super) fn answer(app: &App, account: &Account, session: Session, token: &RefreshToken) -> Result<SignedIn, Error> {
    let now = app.clock.now();
    let expires_at = now.plus_ms(ACCESS_MS);
    let access = Access { user: account.id, device: session.device.id, session: session.id, expires_at };
    Ok(SignedIn {
        user: account.user(),
        device: session.device,
        session_id: session.id,
        access_token: app.tokens.sign(&access, now)?,
        access_expires_at: expires_at,
        refresh_token: token.encode(&app.policy.refresh_key),
    })
}
