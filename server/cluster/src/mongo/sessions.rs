//! Sessions. Those that were not used for longer than a session may idle are deleted by the server's own clock.

use std::collections::HashMap;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use mongodb::{
    Collection, Database,
    bson::{Bson, doc},
};
use shared_types::{SessionId, Timestamp, UserId};
use sotto_core::{
    domain::session::{Session, TokenHash},
    ports::{Result, Sessions},
};

use super::{
    MAX_TIME, Mongo, failed,
    rows::{SessionRow, Shape as _, date, hash, id},
};
use crate::{
    Background,
    gather::{Gather, Pace, all_failed, one},
};

/// How looks for sessions go together: every socket that is used has one every few seconds.
const FINDS: Pace<SessionId> = Pace { commands: 2, most: 256, holds: one, spaced: true };

/// Looks for sessions, gathered.
pub(super) fn gather(db: &Database, background: &Background) -> Gather<SessionId, Option<Session>> {
    let sessions: Collection<SessionRow> = db.collection(SessionRow::COLLECTION);
    Gather::start(("store", background), FINDS, move |ids: Vec<SessionId>| {
        let sessions = sessions.clone();
        async move {
            match find_all(&sessions, &ids).await {
                Ok(found) => ids.iter().map(|id| Ok(found.get(id).cloned())).collect(),
                Err(error) => all_failed(&error, ids.len()),
            }
        }
    })
}

async fn find_all(sessions: &Collection<SessionRow>, ids: &[SessionId]) -> Result<HashMap<SessionId, Session>> {
    let keys: Vec<_> = ids.iter().map(|of| id(of.bytes())).collect();
    let found = sessions.find(doc! { "_id": { "$in": keys } }).max_time(MAX_TIME);
    let rows: Vec<SessionRow> = async { found.await?.try_collect().await }.await.map_err(failed)?;
    rows.into_iter().map(|row| Session::try_from(row).map(|session| (session.id, session))).collect()
}

#[async_trait]
impl Sessions for Mongo {
    async fn create(&self, session: &Session) -> Result<()> {
        self.ask(self.collection::<SessionRow>().insert_one(SessionRow::from(session))).await.map(drop)
    }

    async fn find(&self, of: SessionId) -> Result<Option<Session>> {
        self.sessions.ask(of).await
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
