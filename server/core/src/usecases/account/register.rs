//! Make an account.

use std::net::IpAddr;

use shared_types::{
    Code, UserId,
    account::{Register, SignedIn},
    http::Registration,
};
use uuid::Uuid;

use super::sign_in;
use crate::{
    App, Error, Refusal,
    domain::{
        account::{Account, new_password, shown_name, username},
        limits::Limited,
    },
    ports::Created,
};

/// Makes an account and signs its first device in.
pub async fn register(app: &App, from: IpAddr, input: Register) -> Result<SignedIn, Error> {
    if app.policy.registration != Registration::Open {
        return Err(Refusal::new(Code::RegistrationClosed, "ask the operator for an account").into());
    }
    let name = username(&input.username)?;
    new_password(&input.password)?;
    let display_name = shown_name("display_name", input.display_name.as_deref().unwrap_or(&name), 64)?;
    let device = sign_in::checked(&input.device)?;
    app.spend(Limited::Register, from).await?;

    let taken =
        || Refusal { field: Some("username".into()), ..Refusal::new(Code::UsernameTaken, "this name is taken") };
    // Hashing is slow by design: don't begin it for a name that can't be had.
    if app.accounts.find_by_username(&name).await?.is_some() {
        return Err(taken().into());
    }
    let account = Account {
        id: UserId(Uuid::now_v7()),
        username: name,
        display_name,
        password_hash: app.passwords.hash(&input.password).await?,
        created_at: app.clock.now(),
    };
    match app.accounts.create(&account).await? {
        Created::NameTaken => Err(taken().into()),
        Created::New => sign_in::open(app, &account, device).await,
    }
}
