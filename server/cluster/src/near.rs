//! A pod's own short memory of what it asks of MongoDB for every message: sessions, conversations, members, blocks, device lists. Whoever
//! changes one says so to all pods, over Redis; a pod that can't hear that remembers nothing.

mod keys;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use moka::sync::Cache;
use redis::cmd;
use serde::{Deserialize, Serialize};
use shared_types::{
    ConversationId, SessionId, Timestamp, UserId,
    keys::{DeviceList, SignedMembers},
};
use sotto_core::{
    domain::{
        conversation::{Conversation, Membership},
        session::{Session, TokenHash},
    },
    ports::{Blocks, Conversations, MemberChange, Result, Sessions},
};
use tracing::warn;

use crate::{Background, mongo::Mongo, redis::Link};

/// The channel on which changes are said.
pub(crate) const CHANNEL: &str = "stale";
/// The longest that anything is believed: the bound where a word got lost without anybody noticing.
const LASTS: Duration = Duration::from_mins(5);
/// How often a change is told again that could not be told.
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// Of sessions less: a revoked one must be shut out within five seconds, whatever happens.
const SESSION_LASTS: Duration = Duration::from_secs(3);
/// From what age on a session is read again while what is remembered still serves.
const SESSION_FRESH: Duration = Duration::from_millis(1_500);
/// How long the others are given to hear of a change before it is called made.
const HEARD_WITHIN: Duration = Duration::from_millis(20);
/// How many of each kind.
const MOST: u64 = 50_000;
/// Lists of members longer than this are not remembered.
const LONG: usize = 64;

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stale {
    Session(SessionId),
    Members(ConversationId, Vec<UserId>),
    Blocks(UserId, UserId),
    DeviceList(UserId),
}

/// MongoDB, remembered. Cheap to clone.
#[derive(Clone)]
pub struct Near {
    mongo: Mongo,
    link: Link,
    kept: Arc<Kept>,
    background: Background,
}

struct Kept {
    /// Whether changes are heard.
    hears: AtomicBool,
    /// Raised by every change: what was read before must not be remembered after.
    changes: AtomicU64,
    sessions: Cache<SessionId, Arc<Known>>,
    conversations: Cache<ConversationId, Conversation>,
    members: Cache<ConversationId, Arc<Vec<Membership>>>,
    member: Cache<(ConversationId, UserId), Membership>,
    blocks: Cache<(UserId, UserId), bool>,
    lists: Cache<UserId, Option<DeviceList>>,
}

/// A session as it was read.
struct Known {
    session: Session,
    read_at: Instant,
    /// Whether it is being read again.
    is_read_again: AtomicBool,
}

fn cache<K, V>(lasts: Duration) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(MOST).time_to_live(lasts).build()
}

/// A pair in whichever order.
fn both(one: UserId, other: UserId) -> (UserId, UserId) {
    if one < other { (one, other) } else { (other, one) }
}

impl Near {
    /// Remembers nothing until it is told that it hears.
    pub fn new(mongo: Mongo, link: Link, background: &Background) -> Self {
        let kept = Kept {
            hears: AtomicBool::new(false),
            changes: AtomicU64::new(0),
            sessions: cache(SESSION_LASTS),
            conversations: cache(LASTS),
            members: cache(LASTS),
            member: cache(LASTS),
            blocks: cache(LASTS),
            lists: cache(LASTS),
        };
        Self { mongo, link, kept: Arc::new(kept), background: background.clone() }
    }

    /// From now on changes are heard, or not.
    pub(crate) fn hears(&self, hears: bool) {
        self.kept.changes.fetch_add(1, Ordering::SeqCst);
        self.kept.hears.store(hears, Ordering::SeqCst);
        if !hears {
            self.kept.sessions.invalidate_all();
            self.kept.conversations.invalidate_all();
            self.kept.members.invalidate_all();
            self.kept.member.invalidate_all();
            self.kept.blocks.invalidate_all();
            self.kept.lists.invalidate_all();
        }
    }

    /// Someone has changed this.
    pub(crate) fn forget(&self, stale: &Stale) {
        let kept = &self.kept;
        kept.changes.fetch_add(1, Ordering::SeqCst);
        match stale {
            Stale::Session(id) => kept.sessions.invalidate(id),
            Stale::Members(id, users) => {
                kept.conversations.invalidate(id);
                kept.members.invalidate(id);
                for user in users {
                    kept.member.invalidate(&(*id, *user));
                }
            }
            Stale::Blocks(one, other) => kept.blocks.invalidate(&both(*one, *other)),
            Stale::DeviceList(user) => kept.lists.invalidate(user),
        }
    }

    /// Forgets it here, and tells the others.
    async fn changed(&self, stale: Stale) {
        self.forget(&stale);
        let Ok(word) = serde_json::to_vec(&stale) else { return };
        let publish = cmd("PUBLISH").arg(CHANNEL).arg(word).to_owned();
        match self.link.ask::<i64>(&publish).await {
            // Whoever made the change may ask another pod next, and shall find it made.
            Ok(_) => tokio::time::sleep(HEARD_WITHIN).await,
            // Who can hear nobody remembers nothing. But perhaps only this pod is cut off: it says so as soon as it can.
            Err(error) => {
                warn!(%error, "a change is told to the other pods later");
                let (link, background) = (self.link.clone(), self.background.clone());
                self.background.spawn(async move {
                    while background.pause(TELL_AGAIN).await {
                        if link.ask::<i64>(&publish).await.is_ok() {
                            return;
                        }
                    }
                });
            }
        }
    }

    async fn read_session(&self, id: SessionId) -> Result<Option<Arc<Known>>> {
        let read_at = Instant::now();
        let found = Sessions::find(&self.mongo, id).await?;
        Ok(found.map(|session| Arc::new(Known { session, read_at, is_read_again: AtomicBool::new(false) })))
    }

    /// Reads a session before what is remembered of it ends. Where that fails, it ends, and whoever asks next reads it.
    async fn read_again(&self, id: SessionId) {
        let before = self.kept.changes.load(Ordering::SeqCst);
        if let Ok(Some(known)) = self.read_session(id).await
            && self.kept.hears.load(Ordering::SeqCst)
            && self.kept.changes.load(Ordering::SeqCst) == before
        {
            self.kept.sessions.insert(id, known);
        }
    }

    /// Takes it from memory, or reads and remembers it.
    async fn through<K, V>(
        &self,
        cache: &Cache<K, V>,
        key: K,
        read: impl Future<Output = Result<Option<V>>>,
    ) -> Result<Option<V>>
    where
        K: std::hash::Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        if !self.kept.hears.load(Ordering::SeqCst) {
            return read.await;
        }
        if let Some(value) = cache.get(&key) {
            return Ok(Some(value));
        }
        let before = self.kept.changes.load(Ordering::SeqCst);
        let value = read.await?;
        if let Some(value) = &value
            && self.kept.changes.load(Ordering::SeqCst) == before
        {
            cache.insert(key, value.clone());
        }
        Ok(value)
    }
}

#[async_trait]
impl Sessions for Near {
    async fn create(&self, session: &Session) -> Result<()> {
        Sessions::create(&self.mongo, session).await
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>> {
        let known = self.through(&self.kept.sessions, id, self.read_session(id)).await?;
        if let Some(known) = known.as_ref().filter(|known| known.read_at.elapsed() > SESSION_FRESH)
            && !known.is_read_again.swap(true, Ordering::Relaxed)
        {
            // Whoever writes all the time is never kept waiting, and what is read goes together.
            let near = self.clone();
            self.background.spawn(async move { near.read_again(id).await });
        }
        Ok(known.map(|known| known.session.clone()))
    }

    async fn advance(&self, newest: TokenHash, next: &Session) -> Result<bool> {
        let advanced = self.mongo.advance(newest, next).await?;
        self.changed(Stale::Session(next.id)).await;
        Ok(advanced)
    }

    async fn end(&self, id: SessionId, at: Timestamp) -> Result<()> {
        self.mongo.end(id, at).await?;
        self.changed(Stale::Session(id)).await;
        Ok(())
    }

    async fn of(&self, user: UserId) -> Result<Vec<Session>> {
        Sessions::of(&self.mongo, user).await
    }
}

#[async_trait]
impl Conversations for Near {
    async fn create(
        &self,
        conversation: &Conversation,
        members: &[Membership],
        statement: Option<&SignedMembers>,
    ) -> Result<bool> {
        // Who is not there is not remembered, so a new one makes nothing stale.
        Conversations::create(&self.mongo, conversation, members, statement).await
    }

    async fn change_members(&self, change: &MemberChange) -> Result<bool> {
        let changed = self.mongo.change_members(change).await?;
        let put = change.put.iter().map(|member| member.user);
        let users = put.chain(change.gone.iter().copied()).collect();
        self.changed(Stale::Members(change.conversation, users)).await;
        Ok(changed)
    }

    async fn statements(&self, id: ConversationId, after: u64, limit: usize) -> Result<Vec<SignedMembers>> {
        self.mongo.statements(id, after, limit).await
    }

    async fn find(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>> {
        if !self.kept.hears.load(Ordering::SeqCst) {
            return Conversations::find(&self.mongo, ids).await;
        }
        let before = self.kept.changes.load(Ordering::SeqCst);
        let mut found: Vec<Conversation> = ids.iter().filter_map(|id| self.kept.conversations.get(id)).collect();
        let missing: Vec<_> =
            ids.iter().copied().filter(|id| !found.iter().any(|conversation| conversation.id == *id)).collect();
        for conversation in Conversations::find(&self.mongo, &missing).await? {
            if self.kept.changes.load(Ordering::SeqCst) == before {
                self.kept.conversations.insert(conversation.id, conversation.clone());
            }
            found.push(conversation);
        }
        Ok(found)
    }

    async fn members(&self, id: ConversationId) -> Result<Vec<Membership>> {
        if let Some(members) = self.kept.members.get(&id) {
            return Ok(members.to_vec());
        }
        let before = self.kept.changes.load(Ordering::SeqCst);
        let members = self.mongo.members(id).await?;
        let unchanged = self.kept.changes.load(Ordering::SeqCst) == before;
        if unchanged && !members.is_empty() && members.len() <= LONG && self.kept.hears.load(Ordering::SeqCst) {
            self.kept.members.insert(id, Arc::new(members.clone()));
        }
        Ok(members)
    }

    async fn member(&self, id: ConversationId, user: UserId) -> Result<Option<Membership>> {
        self.through(&self.kept.member, (id, user), self.mongo.member(id, user)).await
    }

    async fn update_member(&self, membership: &Membership) -> Result<()> {
        self.mongo.update_member(membership).await?;
        self.changed(Stale::Members(membership.conversation, vec![membership.user])).await;
        Ok(())
    }

    async fn of(&self, user: UserId) -> Result<Vec<Membership>> {
        Conversations::of(&self.mongo, user).await
    }
}

#[async_trait]
impl Blocks for Near {
    async fn set(&self, by: UserId, whom: UserId) -> Result<()> {
        self.mongo.set(by, whom).await?;
        self.changed(Stale::Blocks(by, whom)).await;
        Ok(())
    }

    async fn clear(&self, by: UserId, whom: UserId) -> Result<()> {
        self.mongo.clear(by, whom).await?;
        self.changed(Stale::Blocks(by, whom)).await;
        Ok(())
    }

    async fn by(&self, by: UserId) -> Result<Vec<UserId>> {
        self.mongo.by(by).await
    }

    async fn between(&self, one: UserId, other: UserId) -> Result<bool> {
        let read = async { self.mongo.between(one, other).await.map(Some) };
        Ok(self.through(&self.kept.blocks, both(one, other), read).await?.unwrap_or_default())
    }
}
