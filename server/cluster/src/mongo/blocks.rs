//! Blocks.

use async_trait::async_trait;
use mongodb::bson::doc;
use shared_types::UserId;
use sotto_core::ports::{Blocks, Result};

use super::{
    Mongo,
    rows::{BlockRow, id, pair},
};

#[async_trait]
impl Blocks for Mongo {
    async fn set(&self, by: UserId, whom: UserId) -> Result<()> {
        let of = doc! { "by": id(by.bytes()), "whom": id(whom.bytes()) };
        let row = BlockRow { key: pair(by.bytes(), whom.bytes()), by: id(by.bytes()), whom: id(whom.bytes()) };
        self.ask(self.collection::<BlockRow>().replace_one(of, row).upsert(true)).await.map(drop)
    }

    async fn clear(&self, by: UserId, whom: UserId) -> Result<()> {
        let of = doc! { "by": id(by.bytes()), "whom": id(whom.bytes()) };
        self.ask(self.collection::<BlockRow>().delete_one(of)).await.map(drop)
    }

    async fn by(&self, by: UserId) -> Result<Vec<UserId>> {
        let of = doc! { "by": id(by.bytes()) };
        let rows = self.rows::<BlockRow>(of, Some(doc! { "by": 1, "whom": 1 }), None).await?;
        Ok(rows.into_iter().map(|row| row.whom.bytes().into()).collect())
    }

    async fn between(&self, one: UserId, other: UserId) -> Result<bool> {
        let both = [id(one.bytes()), id(other.bytes())].to_vec();
        // Nobody blocks themselves: of the four pairs only the two that are asked for can be there.
        let of = doc! { "by": { "$in": &both }, "whom": { "$in": &both } };
        Ok(self.row::<BlockRow>(of).await?.is_some())
    }
}
