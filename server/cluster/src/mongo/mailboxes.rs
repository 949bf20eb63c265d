//! Mailboxes: one document a box, in the shard of its person.

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection,
    bson::{Document, doc},
};
use shared_types::{
    MessageId, Timestamp,
    keys::{Address, MailboxItem},
};
use sotto_core::ports::{Mailboxes, Post, Result};

use super::{
    MAX_TIME, Mongo, failed, is_only_duplicates,
    key_rows::MailRow,
    rows::{Shape as _, date, id},
};

fn of(device: Address) -> Document {
    doc! { "user_id": id(device.user_id.bytes()), "device_id": id(device.device_id.bytes()) }
}

/// Puts these in; the first one under an id stays.
pub(super) async fn put_all(boxes: &Collection<MailRow>, posts: &[Post]) -> Result<()> {
    if posts.is_empty() {
        return Ok(());
    }
    let rows = posts.iter().map(MailRow::try_from).collect::<Result<Vec<_>>>()?;
    match boxes.insert_many(&rows).ordered(false).await {
        Ok(_) => Ok(()),
        Err(error) if is_only_duplicates(&error) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

#[async_trait]
impl Mailboxes for Mongo {
    async fn put(&self, posts: &[Post]) -> Result<()> {
        let boxes = self.collection::<MailRow>();
        self.ask(async { Ok(put_all(&boxes, posts).await) }).await?
    }

    async fn list(&self, device: Address, limit: usize) -> Result<Vec<MailboxItem>> {
        let sort = doc! { "user_id": 1, "device_id": 1, "id": 1 };
        let rows = self.rows::<MailRow>(of(device), Some(sort), Some(limit)).await?;
        rows.iter().map(MailboxItem::try_from).collect()
    }

    async fn ack(&self, device: Address, ids: &[MessageId]) -> Result<()> {
        let mut of = of(device);
        of.insert("id", doc! { "$in": ids.iter().map(|message| id(message.bytes())).collect::<Vec<_>>() });
        self.ask(self.collection::<MailRow>().delete_many(of)).await.map(drop)
    }

    async fn clear(&self, device: Address) -> Result<()> {
        self.ask(self.collection::<MailRow>().delete_many(of(device))).await.map(drop)
    }

    async fn expire(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let boxes = self.documents(MailRow::COLLECTION);
        let due: Vec<Document> = self
            .ask(async {
                let found = boxes.find(doc! { "received_at": { "$lt": date(before) } }).sort(doc! { "received_at": 1 });
                let found = found.projection(doc! { "user_id": 1 }).limit(i64::try_from(limit).unwrap_or(i64::MAX));
                found.max_time(MAX_TIME).await?.try_collect().await
            })
            .await?;
        if due.is_empty() {
            return Ok(0);
        }
        let field = |name: &str| due.iter().filter_map(|row| row.get(name).cloned()).collect::<Vec<_>>();
        let of = doc! { "_id": { "$in": field("_id") }, "user_id": { "$in": field("user_id") } };
        let gone = self.ask(boxes.delete_many(of)).await?.deleted_count;
        Ok(usize::try_from(gone).unwrap_or(usize::MAX))
    }
}
