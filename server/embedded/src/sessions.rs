//! Sessions in the file.

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};
use shared_types::{SessionId, Timestamp, UserId};
use sotto_core::{
    domain::session::{Session, TokenHash},
    ports::{Result, Sessions},
};

use crate::{
    Store,
    db::{decode, encode, stored},
    keys::{self, SESSIONS, USER_SESSIONS, pair},
};

/// Changes a session in place; `None` leaves it as it is.
fn change_session(
    txn: &WriteTransaction,
    id: SessionId,
    change: impl FnOnce(Session) -> Option<Session>,
) -> std::result::Result<bool, redb::Error> {
    let mut table = txn.open_table(SESSIONS)?;
    let Some(session) = table.get(id.bytes().as_slice())?.map(|value| decode(value.value())).transpose()? else {
        return Ok(false);
    };
    let Some(next) = change(session) else { return Ok(false) };
    table.insert(id.bytes().as_slice(), stored(&next)?.as_slice())?;
    Ok(true)
}

#[async_trait]
impl Sessions for Store {
    async fn create(&self, session: &Session) -> Result<()> {
        let (id, user, value) = (session.id.bytes(), session.user.bytes(), encode(session)?);
        let change = move |txn: &WriteTransaction| {
            txn.open_table(SESSIONS)?.insert(id.as_slice(), value.as_slice())?;
            txn.open_table(USER_SESSIONS)?.insert(pair(user, id).as_slice(), [].as_slice())?;
            Ok(())
        };
        self.db.write(change).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>> {
        self.db.read(|txn| {
            let table = txn.open_table(SESSIONS)?;
            table.get(id.bytes().as_slice())?.map(|value| decode(value.value())).transpose()
        })
    }

    async fn advance(&self, newest: TokenHash, next: &Session) -> Result<bool> {
        let next = next.clone();
        let change = move |txn: &WriteTransaction| {
            change_session(txn, next.id, |now| (now.newest == newest && now.ended_at.is_none()).then_some(next))
        };
        self.db.write(change).await
    }

    async fn end(&self, id: SessionId, at: Timestamp) -> Result<()> {
        let change = move |txn: &WriteTransaction| {
            change_session(txn, id, |session| Some(Session { ended_at: session.ended_at.or(Some(at)), ..session }))
        };
        self.db.write(change).await.map(drop)
    }

    async fn of(&self, user: UserId) -> Result<Vec<Session>> {
        self.db.read(|txn| {
            let (first, last) = keys::under(user.bytes());
            let sessions = txn.open_table(SESSIONS)?;
            let mut found = Vec::new();
            // Session ids are UUIDv7: by id backwards is newest first.
            for row in txn.open_table(USER_SESSIONS)?.range(first.as_slice()..=last.as_slice())?.rev() {
                let id = keys::second(row?.0.value())?;
                if let Some(value) = sessions.get(id.as_slice())? {
                    found.push(decode(value.value())?);
                }
            }
            Ok(found)
        })
    }
}
