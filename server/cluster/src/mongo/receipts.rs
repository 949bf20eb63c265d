//! Watermarks at rest. `$max` merges them, so that whoever writes twice, late or out of order does no harm.

use mongodb::{
    bson::{Document, doc},
    options::ReturnDocument,
};
use shared_types::{ConversationId, UserId};
use sotto_core::{
    PortError,
    domain::receipt::Watermark,
    ports::{Raised, Result},
};

use super::{
    MAX_TIME, Mongo, WRITE_TIMEOUT,
    rows::{ReceiptRow, Shape as _, id, number, pair},
};

/// A member's watermark.
pub(crate) type Mark = (ConversationId, UserId, Watermark);

/// How many go into one command.
const CHUNK: usize = 1_000;

fn of(conversation: ConversationId, user: UserId) -> Document {
    doc! { "conversation_id": id(conversation.bytes()), "user_id": id(user.bytes()) }
}

fn merge(conversation: ConversationId, user: UserId, mark: Watermark) -> Document {
    doc! {
        "$max": { "delivered": number(mark.delivered), "read": number(mark.read) },
        "$setOnInsert": { "_id": pair(conversation.bytes(), user.bytes()) },
    }
}

impl Mongo {
    /// Merges many at once.
    pub(crate) async fn merge_marks(&self, marks: &[Mark]) -> Result<()> {
        for chunk in marks.chunks(CHUNK) {
            let updates: Vec<Document> = chunk
                .iter()
                .map(|(conversation, user, mark)| {
                    doc! { "q": of(*conversation, *user), "u": merge(*conversation, *user, *mark), "upsert": true }
                })
                .collect();
            // The driver's own bulk needs MongoDB 8. Without its retries, too: merging again is harmless.
            let wait = i64::try_from(WRITE_TIMEOUT.as_millis()).unwrap_or(i64::MAX);
            let command = doc! {
                "update": ReceiptRow::COLLECTION,
                "updates": updates,
                "ordered": false,
                "writeConcern": { "w": "majority", "j": true, "wtimeout": wait },
            };
            let answer = self.ask(self.db.run_command(command)).await?;
            if let Some(trouble) = answer.get("writeErrors").or_else(|| answer.get("writeConcernError")) {
                return Err(PortError::new("store", format!("watermarks were not written: {trouble}")));
            }
        }
        Ok(())
    }

    /// Merges one, and says what that did.
    pub(crate) async fn raise_mark(&self, (conversation, user, claim): Mark) -> Result<Raised> {
        let receipts = self.collection::<ReceiptRow>();
        let raised = receipts.find_one_and_update(of(conversation, user), merge(conversation, user, claim));
        let raised = raised.upsert(true).return_document(ReturnDocument::Before).max_time(MAX_TIME);
        let before = self.ask(raised).await?.map(|row| row.mark()).unwrap_or_default();
        let now = before.merge(claim);
        Ok(Raised { now, rose: now != before })
    }

    /// One member's, if it was ever raised.
    pub(crate) async fn mark(&self, conversation: ConversationId, user: UserId) -> Result<Option<Watermark>> {
        Ok(self.row::<ReceiptRow>(of(conversation, user)).await?.map(|row| row.mark()))
    }

    /// Everybody's in these conversations.
    pub(crate) async fn marks(&self, conversations: &[ConversationId]) -> Result<Vec<Mark>> {
        let ids: Vec<_> = conversations.iter().map(|conversation| id(conversation.bytes())).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows::<ReceiptRow>(doc! { "conversation_id": { "$in": ids } }, None, None).await?;
        let marks = rows.into_iter();
        Ok(marks.map(|row| (row.conversation_id.bytes().into(), row.user_id.bytes().into(), row.mark())).collect())
    }
}
