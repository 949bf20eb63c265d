//! Mailboxes in the file.

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};
use shared_types::{
    MessageId, Timestamp,
    keys::{Address, MailboxItem},
};
use sotto_core::ports::{Mailboxes, Post, Result};

use crate::{
    Store,
    db::{decode, stored},
    keys::{MAILBOX_TIMES, MAILBOXES, mail, mail_time},
};

type Stored<T> = std::result::Result<T, redb::Error>;

/// Puts these in, in the transaction of whatever they belong to.
pub(crate) fn put(txn: &WriteTransaction, posts: &[Post]) -> Stored<()> {
    let (mut boxes, mut times) = (txn.open_table(MAILBOXES)?, txn.open_table(MAILBOX_TIMES)?);
    for Post { to, item } in posts {
        let at = mail(*to, item.id);
        if boxes.get(at.as_slice())?.is_some() {
            continue;
        }
        boxes.insert(at.as_slice(), stored(item)?.as_slice())?;
        times.insert(mail_time(item.received_at, &at).as_slice(), [].as_slice())?;
    }
    Ok(())
}

/// Removes what lies at this key.
fn remove(txn: &WriteTransaction, at: &[u8]) -> Stored<bool> {
    let mut boxes = txn.open_table(MAILBOXES)?;
    let Some(item) = boxes.remove(at)?.map(|value| decode::<MailboxItem>(value.value())).transpose()? else {
        return Ok(false);
    };
    txn.open_table(MAILBOX_TIMES)?.remove(mail_time(item.received_at, at).as_slice())?;
    Ok(true)
}

#[async_trait]
impl Mailboxes for Store {
    async fn put(&self, posts: &[Post]) -> Result<()> {
        let posts = posts.to_vec();
        self.db.write(move |txn| put(txn, &posts)).await
    }

    async fn list(&self, device: Address, limit: usize) -> Result<Vec<MailboxItem>> {
        self.db.read(|txn| {
            let (first, last) = (mail(device, [0; 16].into()), mail(device, [0xff; 16].into()));
            let rows = txn.open_table(MAILBOXES)?;
            let rows = rows.range(first.as_slice()..=last.as_slice())?.take(limit);
            rows.map(|row| decode(row?.1.value())).collect()
        })
    }

    async fn ack(&self, device: Address, ids: &[MessageId]) -> Result<()> {
        let ids = ids.to_vec();
        let change = move |txn: &WriteTransaction| {
            for id in ids {
                remove(txn, &mail(device, id))?;
            }
            Ok(())
        };
        self.db.write(change).await
    }

    async fn clear(&self, device: Address) -> Result<()> {
        let change = move |txn: &WriteTransaction| {
            let (first, last) = (mail(device, [0; 16].into()), mail(device, [0xff; 16].into()));
            let boxes = txn.open_table(MAILBOXES)?;
            let keys = boxes.range(first.as_slice()..=last.as_slice())?.map(|row| Ok(row?.0.value().to_vec()));
            let keys = keys.collect::<Stored<Vec<_>>>()?;
            drop(boxes);
            keys.iter().try_for_each(|at| remove(txn, at).map(drop))
        };
        self.db.write(change).await
    }

    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let end = before.0.max(0).to_be_bytes();
        // Most looks find nothing: they cost no write.
        let is_due = self
            .db
            .read(|txn| Ok(txn.open_table(MAILBOX_TIMES)?.range(..end.as_slice())?.next().transpose()?.is_some()))?;
        if !is_due {
            return Ok(0);
        }
        let change = move |txn: &WriteTransaction| {
            let times = txn.open_table(MAILBOX_TIMES)?;
            let due = times.range(..end.as_slice())?.take(limit).map(|row| Ok(row?.0.value()[8..].to_vec()));
            let due = due.collect::<Stored<Vec<_>>>()?;
            drop(times);
            due.iter().try_for_each(|at| remove(txn, at).map(drop))?;
            Ok(due.len())
        };
        self.db.write(change).await
    }
}
