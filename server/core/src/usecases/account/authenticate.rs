//! Know who calls.

use shared_types::Code;

use crate::{App, Caller, Error, Refusal, ports::Access};

/// Who holds this access token, if its session has not ended.
pub async fn authenticate(app: &App, token: &str) -> Result<(Caller, Access), Error> {
    let access = app
        .tokens
        .read(token, app.clock.now())
        .ok_or_else(|| Refusal::new(Code::Unauthorized, "the access token is not valid or has expired"))?;
    let session = app.sessions.find(access.session).await?;
    if !session.is_some_and(|session| session.is_live(app.clock.now()) && session.user == access.user) {
        return Err(Refusal::new(Code::SessionRevoked, "this session has ended; sign in again").into());
    }
    Ok((Caller { user: access.user, device: access.device, session: access.session }, access))
}
