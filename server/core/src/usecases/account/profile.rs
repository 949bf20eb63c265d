//! One's own account.

use shared_types::{Me, account::UpdateMe};

use crate::{
    App, Caller, Error, Refusal,
    domain::account::{Account, shown_name},
};

/// The caller's own account.
pub async fn me(app: &App, me: Caller) -> Result<Me, Error> {
    let account = app.accounts.find(&[me.user]).await?.pop().ok_or_else(|| Refusal::not_found("account"))?;
    seen(app, account).await
}

/// Changes what the caller gave.
pub async fn update_me(app: &App, me: Caller, input: UpdateMe) -> Result<Me, Error> {
    let mut account = app.accounts.find(&[me.user]).await?.pop().ok_or_else(|| Refusal::not_found("account"))?;
    if let Some(name) = input.display_name {
        account.display_name = shown_name("display_name", &name, 64)?;
        app.accounts.update(&account).await?;
    }
    seen(app, account).await
}

async fn seen(app: &App, account: Account) -> Result<Me, Error> {
    let blocked = app.blocks.by(account.id).await?;
    Ok(Me { user: account.user(), blocked, created_at: account.created_at })
}
