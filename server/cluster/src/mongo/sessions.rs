//! Sessions. Those that were not used for longer than a session may idle are deleted by the server's own clock.

use async_trait::async_trait;
use mongodb::bson::{Bson, doc};
use shared_types::{SessionId, Timestamp, UserId};
use sotto_core::{
    domain::session::{Session, TokenHash},
    ports::{Result, Sessions},
};

use super::{
    Mongo,
    rows::{SessionRow, date, hash, id},
};

#[async_trait]
impl Sessions for Mongo {
    async fn create(&self, session: &Session) -> Result<()> {
        self.ask(self.collection::<SessionRow>().insert_one(SessionRow::from(session))).await.map(drop)
    }

    async fn find(&self, of: SessionId) -> Result<Option<Session>> {
        self.row::<SessionRow>(doc! { "_id": id(of.bytes()) }).await?.map(Session::try_from).transpose()
    }

    async fn advance(&self, newest: TokenHash, next: &Session) -> Result<bool> {
        let same = doc! { "_id": id(next.id.bytes()), "newest": hash(newest), "ended_at": Bson::Null };
        let sessions = self.collection::<SessionRow>();
        Ok(self.ask(sessions.replace_one(same, SessionRow::from(next))).await?.matched_count == 1)
    }

    async fn end(&self, of: SessionId, at: Timestamp) -> Result<()> {
        let live = doc! { "_id": id(of.bytes()), "ended_at": Bson::Null };
        let ended = doc! { "$set": { "ended_at": date(at) } };
        self.ask(self.collection::<SessionRow>().update_one(live, ended)).await.map(drop)
    }

    async fn of(&self, user: UserId) -> Result<Vec<Session>> {
        // Session ids are UUIDv7: by id backwards is newest first.
        let newest_first = Some(doc! { "user_id": 1, "_id": -1 });
        let rows = self.rows::<SessionRow>(doc! { "user_id": id(user.bytes()) }, newest_first, None).await?;
        rows.into_iter().map(Session::try_from).collect()
    }
}
