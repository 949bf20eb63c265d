//! Heads of backups, one document a person.

use async_trait::async_trait;
use mongodb::bson::doc;
use serde::{Deserialize, Serialize};
use shared_types::UserId;
use sotto_core::ports::{BackupHead, Backups, Result};

use super::{
    Mongo, is_duplicate,
    rows::{Id, Shape, count, damaged, id, json_of},
};

#[derive(Serialize, Deserialize)]
struct BackupRow {
    #[serde(rename = "_id")]
    id: Id,
    version: i64,
    /// As JSON.
    head: String,
}

impl Shape for BackupRow {
    const COLLECTION: &'static str = "backups";
}

#[async_trait]
impl Backups for Mongo {
    async fn head(&self, user: UserId) -> Result<Option<BackupHead>> {
        let row = self.row::<BackupRow>(doc! { "_id": id(user.bytes()) }).await?;
        row.map(|row| serde_json::from_str(&row.head).map_err(|_| damaged("backups"))).transpose()
    }

    async fn put_head(&self, user: UserId, head: &BackupHead) -> Result<bool> {
        let row = BackupRow { id: id(user.bytes()), version: count(head.version), head: json_of(head)? };
        let rows = self.collection::<BackupRow>();
        if head.version == 1 {
            let put = self.ask(async {
                match rows.insert_one(&row).await {
                    Ok(_) => Ok(true),
                    Err(error) if is_duplicate(&error) => Ok(false),
                    Err(error) => Err(error),
                }
            });
            return put.await;
        }
        let before = doc! { "_id": row.id, "version": row.version - 1 };
        Ok(self.ask(rows.replace_one(before, &row)).await?.matched_count == 1)
    }

    async fn remove_head(&self, user: UserId) -> Result<()> {
        self.ask(self.collection::<BackupRow>().delete_one(doc! { "_id": id(user.bytes()) })).await.map(drop)
    }
}
