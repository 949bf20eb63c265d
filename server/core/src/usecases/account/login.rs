//! Sign a device in.

use std::net::IpAddr;

use shared_types::{
    Code,
    account::{Login, SignedIn},
};

use super::sign_in;
use crate::{
    App, Error, Refusal,
    domain::{account::username, limits::Limited},
};

/// Opens a session for who knows the password. An unknown name and a wrong password can't be told apart.
pub async fn login(app: &App, from: IpAddr, input: Login) -> Result<SignedIn, Error> {
    let device = sign_in::checked(&input.device)?;
    app.spend(Limited::LoginFrom, from).await?;
    let account = match username(&input.username) {
        Ok(name) => {
            app.spend(Limited::LoginTo, format!("{name}:{from}")).await?;
            app.accounts.find_by_username(&name).await?
        }
        Err(_) => None,
    };
    let hash = account.as_ref().map(|account| account.password_hash.as_str());
    let fits = app.passwords.verify(&input.password, hash).await?;
    match account {
        Some(account) if fits => sign_in::open(app, &account, device).await,
        _ => Err(Refusal::new(Code::BadCredentials, "the name or the password is wrong").into()),
    }
}
