//! Blocks in the file.

use async_trait::async_trait;
use redb::WriteTransaction;
use shared_types::UserId;
use sotto_core::ports::{Blocks, Result};

use crate::{
    Store,
    keys::{self, BLOCKS, pair},
};

#[async_trait]
impl Blocks for Store {
    async fn set(&self, by: UserId, whom: UserId) -> Result<()> {
        let change = move |txn: &WriteTransaction| {
            txn.open_table(BLOCKS)?.insert(pair(by.bytes(), whom.bytes()).as_slice(), [].as_slice())?;
            Ok(())
        };
        self.db.write(change).await
    }

    async fn clear(&self, by: UserId, whom: UserId) -> Result<()> {
        let change = move |txn: &WriteTransaction| {
            txn.open_table(BLOCKS)?.remove(pair(by.bytes(), whom.bytes()).as_slice())?;
            Ok(())
        };
        self.db.write(change).await
    }

    async fn by(&self, by: UserId) -> Result<Vec<UserId>> {
        self.db.read(|txn| {
            let (first, last) = keys::under(by.bytes());
            let table = txn.open_table(BLOCKS)?;
            let rows = table.range(first.as_slice()..=last.as_slice())?;
            rows.map(|row| keys::user(row?.0.value())).collect()
        })
    }

    async fn between(&self, one: UserId, other: UserId) -> Result<bool> {
        self.db.read(|txn| {
            let table = txn.open_table(BLOCKS)?;
            let either = [pair(one.bytes(), other.bytes()), pair(other.bytes(), one.bytes())];
            Ok(table.get(either[0].as_slice())?.is_some() || table.get(either[1].as_slice())?.is_some())
        })
    }
}
