//! Sessions, ended ones among them until they would have idled out.

use async_trait::async_trait;
use shared_types::{SessionId, Timestamp, UserId};

use super::Result;
use crate::domain::session::{Session, TokenHash};

/// Where sessions live.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps a new session.
    async fn create(&self, session: &Session) -> Result<()>;

    /// The session of that id, ended or not.
    async fn find(&self, id: SessionId) -> Result<Option<Session>>;

    /// Replaces a session if `newest` is still its newest token and it has not ended; says whether it did. Of two who
    /// race with the same token, one succeeds.
    async fn advance(&self, newest: TokenHash, next: &Session) -> Result<bool>;

    /// Ends a session, now or before; the first moment stays.
    async fn end(&self, id: SessionId, at: Timestamp) -> Result<()>;

    /// All of a person's sessions, ended or not, newest first.
    async fn of(&self, user: UserId) -> Result<Vec<Session>>;
}
