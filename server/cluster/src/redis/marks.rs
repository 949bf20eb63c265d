//! Watermarks: hot in Redis (`marks:<conversation>`, a field a member), at rest in MongoDB. A rise is told from Redis at
//! once; each pod writes what it has raised to MongoDB every five seconds, so that losing Redis loses no rise that a pod
//! still holds, and losing a pod none that Redis still holds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use redis::cmd;
use shared_types::{ConversationId, Seq, UserId};
use sotto_core::{
    PortError,
    domain::receipt::Watermark,
    ports::{Raised, Receipts, Result},
};
use tracing::{debug, warn};

use super::{Link, link::Script};
use crate::{
    Background,
    mongo::{Mark, Mongo},
};

/// How often what was raised goes to MongoDB.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// How long until it is tried again to bring back what may be missing.
const AGAIN: Duration = Duration::from_secs(1);
/// How many flushes what was flushed is remembered for, at least.
const HALF: u32 = 6;
/// How many are brought back to Redis at once.
const AT_ONCE: usize = 32;
/// How long a conversation's marks stay hot after the last rise.
const HOT_MS: &str = "604800000";

/// Compare and raise. ARGV: member, delivered, read, how long to keep; then, where it is known, what stands in MongoDB.
/// Gives nothing where the member is not hot and that was not said; else delivered, read, and whether it rose.
static RAISE: Script = Script::new(
    r"
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if not kept and not ARGV[5] then return false end
local d, r = tonumber(ARGV[5] or 0), tonumber(ARGV[6] or 0)
if kept then
  local kd, kr = string.match(kept, '(%d+):(%d+)')
  d, r = math.max(d, tonumber(kd)), math.max(r, tonumber(kr))
end
local nd, nr = math.max(d, tonumber(ARGV[2])), math.max(r, tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f', nd, nr))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {string.format('%.0f', nd), string.format('%.0f', nr), (nd > d or nr > r) and '1' or '0'}
",
);

type Dirty = HashMap<(ConversationId, UserId), Watermark>;

/// The watermarks. Cheap to clone.
#[derive(Clone)]
pub struct Marks {
    link: Link,
    mongo: Mongo,
    dirty: Arc<Mutex<Dirty>>,
}

/// What was flushed of late, in two halves. While Redis is being replaced, a pod may have raised at a master that others
/// had given up: what comes after it is as old as that took.
#[derive(Default)]
struct Flushed {
    young: Dirty,
    old: Dirty,
    flushes: u32,
    /// The connection to which they were brought back.
    generation: u64,
}

impl Flushed {
    fn add(&mut self, marks: &[Mark]) {
        self.flushes += 1;
        if self.flushes.is_multiple_of(HALF) {
            self.old = std::mem::take(&mut self.young);
        }
        for (conversation, user, mark) in marks {
            let kept = self.young.entry((*conversation, *user)).or_default();
            *kept = kept.merge(*mark);
        }
    }

    fn all(&self) -> Vec<Mark> {
        let all = self.old.iter().chain(&self.young);
        all.map(|((conversation, user), mark)| (*conversation, *user, *mark)).collect()
    }
}

fn key(conversation: ConversationId) -> String {
    format!("marks:{conversation}")
}

fn parsed(kept: &str) -> Option<Watermark> {
    let (delivered, read) = kept.split_once(':')?;
    Some(Watermark { delivered: Seq(delivered.parse().ok()?), read: Seq(read.parse().ok()?) })
}

impl Marks {
    /// Starts flushing; what is left is flushed at the end.
    pub fn new(link: Link, mongo: Mongo, background: &Background) -> Self {
        let marks = Self { link, mongo, dirty: Arc::default() };
        let (owner, flushing) = (background.clone(), marks.clone());
        background.spawn(async move {
            let mut flushed = Flushed::default();
            loop {
                // Behind another connection may be a server that knows less: it is told at once.
                let goes_on = tokio::select! {
                    goes_on = owner.pause(FLUSH_EVERY) => goes_on,
                    () = flushing.link.another(flushed.generation) => true,
                };
                let marks = flushing.flush().await;
                flushed.add(&marks);
                let generation = flushing.link.generation();
                if generation == flushed.generation {
                    flushing.bring_back(&marks).await;
                } else if flushing.bring_back(&flushed.all()).await {
                    flushed.generation = generation;
                } else {
                    owner.pause(AGAIN).await;
                }
                if !goes_on {
                    return;
                }
            }
        });
        marks
    }

    fn dirty(&self) -> std::sync::MutexGuard<'_, Dirty> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, conversation: ConversationId, user: UserId, mark: Watermark) {
        let mut dirty = self.dirty();
        let kept = dirty.entry((conversation, user)).or_default();
        *kept = kept.merge(mark);
    }

    /// Writes what was raised to MongoDB, and gives it.
    async fn flush(&self) -> Vec<Mark> {
        let taken = std::mem::take(&mut *self.dirty());
        if taken.is_empty() {
            return Vec::new();
        }
        let marks: Vec<_> = taken.iter().map(|((conversation, user), mark)| (*conversation, *user, *mark)).collect();
        match self.mongo.merge_marks(&marks).await {
            Ok(()) => {
                debug!("{} watermarks flushed", marks.len());
                marks
            }
            Err(error) => {
                warn!(%error, "{} watermarks could not be flushed yet", marks.len());
                for (conversation, user, mark) in marks {
                    self.note(conversation, user, mark);
                }
                Vec::new()
            }
        }
    }

    /// A Redis that lost some of these may have begun again, for another pod, with less than what stood here. Whether it
    /// has them now.
    async fn bring_back(&self, marks: &[Mark]) -> bool {
        for chunk in marks.chunks(AT_ONCE) {
            let mut raises = Vec::with_capacity(chunk.len());
            for (conversation, user, mark) in chunk.iter().copied() {
                raises.push(self.compare_and_raise((conversation, user), mark, Some(mark)));
            }
            if let Err(error) = try_join_all(raises).await {
                debug!(%error, "what was flushed could not be looked for in Redis");
                return false;
            }
        }
        true
    }

    async fn raise_hot(&self, at: (ConversationId, UserId), claim: Watermark) -> Result<Raised> {
        if let Some(raised) = self.compare_and_raise(at, claim, None).await? {
            return Ok(raised);
        }
        let kept = self.mongo.mark(at.0, at.1).await?.unwrap_or_default();
        let waiting = self.dirty().get(&at).copied().unwrap_or_default();
        let raised = self.compare_and_raise(at, claim, Some(kept.merge(waiting))).await?;
        raised.ok_or_else(|| PortError::new("cache", "a watermark was neither kept nor made"))
    }

    async fn compare_and_raise(
        &self,
        (conversation, user): (ConversationId, UserId),
        claim: Watermark,
        kept: Option<Watermark>,
    ) -> Result<Option<Raised>> {
        let texts = [user.to_string(), claim.delivered.to_string(), claim.read.to_string(), HOT_MS.to_owned()];
        let kept = kept.map(|kept| [kept.delivered.to_string(), kept.read.to_string()]);
        let args: Vec<&str> = texts.iter().chain(kept.iter().flatten()).map(String::as_str).collect();
        let answer: Option<(u64, u64, u8)> = self.link.run(&RAISE, &[&key(conversation)], &args).await?;
        Ok(answer.map(|(delivered, read, rose)| Raised {
            now: Watermark { delivered: Seq(delivered), read: Seq(read) },
            rose: rose == 1,
        }))
    }

    async fn hot(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, UserId, Watermark)>> {
        let asks = conversations.iter().map(|id| cmd("HGETALL").arg(key(*id)).to_owned()).collect();
        let answers: Vec<Vec<(String, String)>> = self.link.ask_all(asks).await?;
        let mut hot = Vec::new();
        for (conversation, members) in conversations.iter().zip(answers) {
            for (user, kept) in members {
                if let (Ok(user), Some(mark)) = (user.parse().map(UserId), parsed(&kept)) {
                    hot.push((*conversation, user, mark));
                }
            }
        }
        Ok(hot)
    }
}

#[async_trait]
impl Receipts for Marks {
    async fn raise(&self, conversation: ConversationId, user: UserId, claim: Watermark) -> Result<Raised> {
        let raised = match self.raise_hot((conversation, user), claim).await {
            Ok(raised) => raised,
            Err(error) => {
                debug!(%error, "a watermark is raised without Redis");
                self.mongo.raise_mark((conversation, user, claim)).await?
            }
        };
        if raised.rose {
            self.note(conversation, user, raised.now);
        }
        Ok(raised)
    }

    async fn of(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, UserId, Watermark)>> {
        let mut marks: HashMap<(ConversationId, UserId), Watermark> = HashMap::new();
        let hot = self.hot(conversations).await.unwrap_or_else(|error| {
            debug!(%error, "watermarks are read without Redis");
            Vec::new()
        });
        let waiting: Vec<_> = {
            let dirty = self.dirty();
            let of_these = dirty.iter().filter(|((conversation, _), _)| conversations.contains(conversation));
            of_these.map(|((conversation, user), mark)| (*conversation, *user, *mark)).collect()
        };
        for (conversation, user, mark) in self.mongo.marks(conversations).await? {
            marks.insert((conversation, user), mark);
        }
        for (conversation, user, mark) in hot {
            let kept = marks.entry((conversation, user)).or_default();
            if kept.merge(mark) != *kept {
                // Whoever raised it may have ended before it was flushed: whoever sees it sees to it.
                self.note(conversation, user, mark);
            }
            *kept = kept.merge(mark);
        }
        for (conversation, user, mark) in waiting {
            let kept = marks.entry((conversation, user)).or_default();
            *kept = kept.merge(mark);
        }
        Ok(marks.into_iter().map(|((conversation, user), mark)| (conversation, user, mark)).collect())
    }
}
