//! Change a refresh token for the next pair.

use std::net::IpAddr;

use shared_types::{
    Code,
    account::{Refresh, SignedIn},
};

use super::{sessions::close, sign_in};
use crate::{
    App, Error, Refusal,
    domain::{
        limits::Limited,
        session::{Presented, RefreshToken},
    },
};

/// Gives the successor of the newest token; the same again for a repeat within the grace; ends the session when an old
/// one turns up.
pub async fn refresh(app: &App, from: IpAddr, input: Refresh) -> Result<SignedIn, Error> {
    app.spend(Limited::Refresh, from).await?;
    let unknown = || Refusal::new(Code::Unauthorized, "this refresh token is not valid; sign in again");
    let token = RefreshToken::decode(&input.refresh_token, &app.policy.refresh_key).ok_or_else(unknown)?;

    // Two tabs may race with the same token: whoever comes second finds it advanced, and gets the same successor.
    for _ in 0..2 {
        let session = app.sessions.find(token.session).await?.ok_or_else(unknown)?;
        if session.ended_at.is_some() {
            return Err(Refusal::new(Code::SessionRevoked, "this session has ended; sign in again").into());
        }
        let now = app.clock.now();
        let successor = token.successor(&app.policy.refresh_key);
        let session = match session.present(token.hash(), now) {
            Presented::Unknown => return Err(unknown().into()),
            Presented::Reused => {
                close(app, session.id).await?;
                return Err(Refusal::new(Code::TokenReused, "an old token was used: the session has been ended").into());
            }
            Presented::Repeat => session,
            Presented::Advance => {
                let next = session.advance(successor.hash(), now);
                if !app.sessions.advance(token.hash(), &next).await? {
                    continue;
                }
                next
            }
        };
        let account = app.accounts.find(&[session.user]).await?.pop().ok_or_else(unknown)?;
        return sign_in::answer(app, &account, session, &successor);
    }
    Err(unknown().into())
}
