//! Find other people.

use shared_types::{User, UserId, account::UserList};

use crate::{
    App, Caller, Error, Refusal,
    domain::{account::Account, limits::Limited},
};

/// The most people a search gives.
const MOST: usize = 20;

/// People whose username starts with the query, without oneself.
pub async fn find_people(app: &App, me: Caller, query: &str) -> Result<UserList, Error> {
    let prefix = query.trim().trim_start_matches('@').to_ascii_lowercase();
    if prefix.is_empty() || prefix.len() > 32 {
        return Err(Refusal::field("query", "1 to 32 characters of a username").into());
    }
    app.spend(Limited::Search, me.user).await?;
    let found = app.accounts.search(&prefix, MOST + 1).await?;
    let others = found.iter().filter(|account| account.id != me.user);
    Ok(UserList { users: others.take(MOST).map(Account::user).collect() })
}

/// The person with this id.
pub async fn find_person(app: &App, _me: Caller, id: UserId) -> Result<User, Error> {
    let account = app.accounts.find(&[id]).await?.pop();
    Ok(account.ok_or_else(|| Refusal::not_found("user"))?.user())
}
