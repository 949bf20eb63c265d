//! Accounts: `users`, and `usernames` that keeps names unique in a sharded database too.

use async_trait::async_trait;
use mongodb::{
    bson::{DateTime, doc},
    options::ReturnDocument,
};
use shared_types::UserId;
use sotto_core::{
    domain::account::Account,
    ports::{Accounts, Created, Result},
};

use super::{
    Mongo, failed, is_duplicate,
    rows::{AccountRow, Id, UsernameRow, id},
};

/// How long a name stays taken whose account was never made: its maker died between the two writes.
const RESERVED_MS: i64 = 60_000;

impl Mongo {
    async fn accounts(&self, ids: Vec<Id>) -> Result<Vec<Account>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows::<AccountRow>(doc! { "_id": { "$in": ids } }, None, None).await?;
        Ok(rows.into_iter().map(Account::from).collect())
    }

    /// Reserves a name; also one that was reserved long ago and led to no account.
    async fn reserve(&self, account: &Account) -> Result<bool> {
        let names = self.collection::<UsernameRow>();
        let now = DateTime::now();
        let row = UsernameRow { name: account.username.clone(), user_id: id(account.id.bytes()), reserved_at: now };
        match self.ask(async { Ok(names.insert_one(&row).await) }).await? {
            Ok(_) => return Ok(true),
            Err(error) if is_duplicate(&error) => {}
            Err(error) => return Err(failed(error)),
        }
        let Some(taken) = self.row::<UsernameRow>(doc! { "_id": &row.name }).await? else {
            return Ok(false);
        };
        let is_old = now.timestamp_millis() - taken.reserved_at.timestamp_millis() > RESERVED_MS;
        if !is_old || !self.accounts(vec![taken.user_id]).await?.is_empty() {
            return Ok(false);
        }
        let same = doc! { "_id": &row.name, "user_id": taken.user_id };
        let mine = doc! { "$set": { "user_id": row.user_id, "reserved_at": now } };
        let taken_over = names.find_one_and_update(same, mine).return_document(ReturnDocument::After);
        Ok(self.ask(taken_over).await?.is_some())
    }
}

#[async_trait]
impl Accounts for Mongo {
    async fn create(&self, account: &Account) -> Result<Created> {
        if !self.reserve(account).await? {
            return Ok(Created::NameTaken);
        }
        self.ask(self.collection::<AccountRow>().insert_one(AccountRow::from(account))).await?;
        Ok(Created::New)
    }

    async fn update(&self, account: &Account) -> Result<()> {
        let of = doc! { "_id": id(account.id.bytes()) };
        self.ask(self.collection::<AccountRow>().replace_one(of, AccountRow::from(account))).await.map(drop)
    }

    async fn find(&self, ids: &[UserId]) -> Result<Vec<Account>> {
        self.accounts(ids.iter().map(|user| id(user.bytes())).collect()).await
    }

    async fn find_by_username(&self, username: &str) -> Result<Option<Account>> {
        let Some(name) = self.row::<UsernameRow>(doc! { "_id": username }).await? else { return Ok(None) };
        Ok(self.accounts(vec![name.user_id]).await?.pop())
    }

    async fn search(&self, prefix: &str, limit: usize) -> Result<Vec<Account>> {
        // Usernames are ASCII: everything that starts so lies before the prefix with a last possible character.
        let range = doc! { "_id": { "$gte": prefix, "$lt": format!("{prefix}\u{7f}") } };
        let names = self.rows::<UsernameRow>(range, Some(doc! { "_id": 1 }), Some(limit)).await?;
        let mut found = self.accounts(names.into_iter().map(|name| name.user_id).collect()).await?;
        found.sort_by(|one, other| one.username.cmp(&other.username));
        Ok(found)
    }
}
