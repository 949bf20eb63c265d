//! Accounts in the file.

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};
use shared_types::UserId;
use sotto_core::{
    domain::account::Account,
    ports::{Accounts, Created, Result},
};

use crate::{
    Store,
    db::{decode, encode},
    keys::{self, ACCOUNTS, USERNAMES},
};

fn accounts_of(txn: &ReadTransaction, ids: &[UserId]) -> std::result::Result<Vec<Account>, redb::Error> {
    let table = txn.open_table(ACCOUNTS)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(value) = table.get(id.bytes().as_slice())? {
            found.push(decode(value.value())?);
        }
    }
    Ok(found)
}

#[async_trait]
impl Accounts for Store {
    async fn create(&self, account: &Account) -> Result<Created> {
        let (id, name, value) = (account.id.bytes(), account.username.clone(), encode(account)?);
        let change = move |txn: &WriteTransaction| {
            let mut names = txn.open_table(USERNAMES)?;
            if names.get(name.as_bytes())?.is_some() {
                return Ok(Created::NameTaken);
            }
            names.insert(name.as_bytes(), id.as_slice())?;
            txn.open_table(ACCOUNTS)?.insert(id.as_slice(), value.as_slice())?;
            Ok(Created::New)
        };
        self.db.write(change).await
    }

    async fn update(&self, account: &Account) -> Result<()> {
        let (id, value) = (account.id.bytes(), encode(account)?);
        let change = move |txn: &WriteTransaction| {
            txn.open_table(ACCOUNTS)?.insert(id.as_slice(), value.as_slice())?;
            Ok(())
        };
        self.db.write(change).await
    }

    async fn find(&self, ids: &[UserId]) -> Result<Vec<Account>> {
        self.db.read(|txn| accounts_of(txn, ids))
    }

    async fn find_by_username(&self, username: &str) -> Result<Option<Account>> {
        self.db.read(|txn| {
            let names = txn.open_table(USERNAMES)?;
            let id = names.get(username.as_bytes())?.map(|id| keys::user(id.value())).transpose()?;
            Ok(accounts_of(txn, id.as_slice())?.pop())
        })
    }

    async fn search(&self, prefix: &str, limit: usize) -> Result<Vec<Account>> {
        self.db.read(|txn| {
            let mut ids = Vec::new();
            for row in txn.open_table(USERNAMES)?.range(prefix.as_bytes()..)?.take(limit) {
                let (name, id) = row?;
                if !name.value().starts_with(prefix.as_bytes()) {
                    break;
                }
                ids.push(keys::user(id.value())?);
            }
            accounts_of(txn, &ids)
        })
    }
}
