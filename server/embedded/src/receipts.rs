//! Watermarks in the file. Unlike a cache they are written at once: one commit serves many.

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};
use shared_types::{ConversationId, Seq, UserId};
use sotto_core::{
    domain::receipt::Watermark,
    ports::{Raised, Receipts, Result},
};

use crate::{
    Store,
    keys::{self, RECEIPTS, pair},
};

fn to_bytes(mark: Watermark) -> [u8; 16] {
    ((u128::from(mark.delivered.0) << 64) | u128::from(mark.read.0)).to_be_bytes()
}

fn from_bytes(bytes: &[u8]) -> std::result::Result<Watermark, redb::Error> {
    let (delivered, read) = bytes.split_at_checked(8).unwrap_or_default();
    Ok(Watermark { delivered: Seq(keys::number(delivered)?), read: Seq(keys::number(read)?) })
}

#[async_trait]
impl Receipts for Store {
    async fn raise(&self, conversation: ConversationId, user: UserId, claim: Watermark) -> Result<Raised> {
        let key = pair(conversation.bytes(), user.bytes());
        // Most claims of a second device or a replay say nothing new: they cost no write.
        let before = self.db.read(|txn| {
            let table = txn.open_table(RECEIPTS)?;
            table.get(key.as_slice())?.map(|value| from_bytes(value.value())).transpose()
        })?;
        let before = before.unwrap_or_default();
        if before.merge(claim) == before {
            return Ok(Raised { now: before, rose: false });
        }
        let change = move |txn: &WriteTransaction| {
            let mut table = txn.open_table(RECEIPTS)?;
            let before = table.get(key.as_slice())?.map(|value| from_bytes(value.value())).transpose()?;
            let before = before.unwrap_or_default();
            let now = before.merge(claim);
            if now != before {
                table.insert(key.as_slice(), to_bytes(now).as_slice())?;
            }
            Ok(Raised { now, rose: now != before })
        };
        self.db.write(change).await
    }

    async fn of(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, UserId, Watermark)>> {
        self.db.read(|txn| {
            let table = txn.open_table(RECEIPTS)?;
            let mut found = Vec::new();
            for id in conversations {
                let (first, last) = keys::under(id.bytes());
                for row in table.range(first.as_slice()..=last.as_slice())? {
                    let (key, value) = row?;
                    found.push((*id, keys::user(key.value())?, from_bytes(value.value())?));
                }
            }
            Ok(found)
        })
    }
}
