//! People's accounts.

use async_trait::async_trait;
use shared_types::UserId;

use super::Result;
use crate::domain::account::Account;

/// Whether a new account was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It was.
    New,
    /// Someone has the name.
    NameTaken,
}

/// Where accounts live. A username belongs to at most one.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account, if its name is free. Of two who race for a name, one gets it.
    async fn create(&self, account: &Account) -> Result<Created>;

    /// Replaces an account, all but its id and username.
    async fn update(&self, account: &Account) -> Result<()>;

    /// The accounts with these ids, in any order; unknown ids are left out.
    async fn find(&self, ids: &[UserId]) -> Result<Vec<Account>>;

    /// The account of that name.
    async fn find_by_username(&self, username: &str) -> Result<Option<Account>>;

    /// Up to `limit` accounts whose username starts so, by name.
    async fn search(&self, prefix: &str, limit: usize) -> Result<Vec<Account>>;
}
