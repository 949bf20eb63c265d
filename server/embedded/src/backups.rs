//! Heads of backups in the file.

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};
use shared_types::UserId;
use sotto_core::ports::{BackupHead, Backups, Result};

use crate::{
    Store,
    db::{decode, stored},
    keys::BACKUPS,
};

#[async_trait]
impl Backups for Store {
    async fn head(&self, user: UserId) -> Result<Option<BackupHead>> {
        self.db.read(|txn| {
            let table = txn.open_table(BACKUPS)?;
            let value = table.get(user.bytes().as_slice())?;
            value.map(|value| decode(value.value())).transpose()
        })
    }

    async fn put_head(&self, user: UserId, head: &BackupHead) -> Result<bool> {
        let head = head.clone();
        let change = move |txn: &WriteTransaction| {
            let mut table = txn.open_table(BACKUPS)?;
            let before = table.get(user.bytes().as_slice())?.map(|value| decode::<BackupHead>(value.value()));
            let before = before.transpose()?.map_or(0, |before| before.version);
            if head.version != before + 1 {
                return Ok(false);
            }
            table.insert(user.bytes().as_slice(), stored(&head)?.as_slice())?;
            Ok(true)
        };
        self.db.write(change).await
    }

    async fn remove_head(&self, user: UserId) -> Result<()> {
        let change = move |txn: &WriteTransaction| {
            txn.open_table(BACKUPS)?.remove(user.bytes().as_slice())?;
            Ok(())
        };
        self.db.write(change).await
    }
}
