//! Durable queues in the same file: payloads on disk, their order and what is taken in memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use redb::{ReadableTable as _, WriteTransaction};
use serde::{Deserialize, Serialize};
use sotto_core::{
    PortError,
    ports::{Dead, Lane, Queue, Result, Taken},
};
use tokio::{sync::Notify, time::Instant};

use crate::{
    OpenError,
    db::{Db, decode},
    keys::{self, DEAD, META, QUEUE},
};

/// How many may wait in a lane before publishers are told to come back later.
const MOST_WAITING: usize = 20_000;
/// The key of the number of partitions.
const PARTITIONS: &[u8] = b"partitions";

/// The queues. Cheap to clone.
#[derive(Clone)]
pub struct Lanes {
    db: Arc<Db>,
    by_lane: Arc<Mutex<HashMap<Lane, Arc<LaneState>>>>,
    /// The last tag given out; only the writer thread raises it, so tags stand in the order of the commits.
    last_tag: Arc<std::sync::atomic::AtomicU64>,
}

#[derive(Default)]
struct LaneState {
    inner: Mutex<Inner>,
    /// Someone may be waiting for the next payload.
    more: Notify,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Taken>,
    taken: HashMap<u64, Taken>,
    /// Put off until a moment. How often is forgotten at a restart, and counted anew.
    later: Vec<(Instant, Taken)>,
}

impl Inner {
    /// Brings back what was put off until now; gives the moment when there is more.
    fn bring_back(&mut self, now: Instant) -> Option<Instant> {
        let due = self.later.extract_if(.., |(at, _)| *at <= now);
        self.waiting.extend(due.map(|(_, taken)| taken));
        self.later.iter().map(|(at, _)| *at).min()
    }
}

#[derive(Serialize, Deserialize)]
struct Buried {
    lane: u16,
    payload: Vec<u8>,
    reason: String,
}

fn number_of(lane: Lane) -> u16 {
    match lane {
        Lane::Partition(number) => number,
    }
}

fn key(lane: Lane, tag: u64) -> [u8; 10] {
    let mut key = [0; 10];
    key[..2].copy_from_slice(&number_of(lane).to_be_bytes());
    key[2..].copy_from_slice(&tag.to_be_bytes());
    key
}

/// Everything that was published and not acknowledged, in order.
fn pending(txn: &redb::ReadTransaction) -> std::result::Result<Vec<(Lane, Taken)>, redb::Error> {
    let mut pending = Vec::new();
    for row in txn.open_table(QUEUE)?.iter()? {
        let (key, value) = row?;
        let lane = key.value().first_chunk::<2>().copied().unwrap_or_default();
        let taken = Taken { tag: keys::number(key.value())?, payload: value.value().to_vec(), attempt: 0, again: true };
        pending.push((Lane::Partition(u16::from_be_bytes(lane)), taken));
    }
    Ok(pending)
}

/// The number of partitions that the pending entries were published with.
fn partitions_before(txn: &redb::ReadTransaction) -> std::result::Result<Option<u16>, redb::Error> {
    let value = txn.open_table(META)?.get(PARTITIONS)?;
    Ok(value.and_then(|value| value.value().first_chunk::<2>().copied()).map(u16::from_be_bytes))
}

impl Lanes {
    /// Reads what is pending; it is handed out again. With another number of partitions than before, entries of one
    /// conversation would stand in two lanes and lose their order: that is refused while any wait.
    pub(crate) fn open(db: Arc<Db>, partitions: u16) -> std::result::Result<Self, OpenError> {
        let unusable = |error: PortError| OpenError::Directory("queue".into(), std::io::Error::other(error));
        let (pending, before) = db.read(|txn| Ok((pending(txn)?, partitions_before(txn)?))).map_err(unusable)?;
        match before {
            Some(before) if before != partitions && !pending.is_empty() => {
                return Err(OpenError::Partitions { now: partitions, before, waiting: pending.len() });
            }
            Some(before) if before == partitions => {}
            Some(_) | None => db.write_now(move |txn| {
                txn.open_table(META)?.insert(PARTITIONS, partitions.to_be_bytes().as_slice())?;
                Ok(())
            })?,
        }
        let lanes = Self { db, by_lane: Arc::default(), last_tag: Arc::default() };
        let buried = lanes.db.read(|txn| Ok(txn.open_table(DEAD)?.last()?.map(|(key, _)| key.value().to_vec())));
        if let Some(key) = buried.map_err(unusable)? {
            let tag = keys::number(&key).unwrap_or_default();
            lanes.last_tag.fetch_max(tag, std::sync::atomic::Ordering::Relaxed);
        }
        for (lane, taken) in pending {
            lanes.last_tag.fetch_max(taken.tag, std::sync::atomic::Ordering::Relaxed);
            lanes.lane(lane).lock().waiting.push_back(taken);
        }
        Ok(lanes)
    }

    fn lane(&self, lane: Lane) -> Arc<LaneState> {
        Arc::clone(self.by_lane.lock().unwrap_or_else(PoisonError::into_inner).entry(lane).or_default())
    }
}

impl LaneState {
    /// Takes these off the taken; gives the keys of those that were there.
    fn forget(&self, lane: Lane, tags: &[u64]) -> Vec<[u8; 10]> {
        let mut inner = self.lock();
        tags.iter().filter(|tag| inner.taken.remove(tag).is_some()).map(|tag| key(lane, *tag)).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Queue for Lanes {
    async fn publish(&self, lane: Lane, payload: Vec<u8>) -> Result<()> {
        let state = self.lane(lane);
        if state.lock().waiting.len() >= MOST_WAITING {
            return Err(PortError::new("queue", "it is full"));
        }
        let last_tag = Arc::clone(&self.last_tag);
        let (done, durable) = tokio::sync::oneshot::channel();
        self.db
            .enqueue(Box::new(move |txn| {
                let tag = last_tag.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                txn.open_table(QUEUE)?.insert(key(lane, tag).as_slice(), payload.as_slice())?;
                Ok(Box::new(move || {
                    state.lock().waiting.push_back(Taken { tag, payload, attempt: 0, again: false });
                    state.more.notify_one();
                    let _ = done.send(());
                }))
            }))
            .await?;
        durable.await.map_err(|_| PortError::new("queue", "the write failed and was undone"))
    }

    async fn take(&self, lane: Lane, most: usize) -> Result<Vec<Taken>> {
        let state = self.lane(lane);
        loop {
            // Registered before looking, so that nothing published in between is slept through.
            let more = state.more.notified();
            let next = {
                let mut inner = state.lock();
                let next = inner.bring_back(Instant::now());
                if !inner.waiting.is_empty() {
                    let count = most.min(inner.waiting.len());
                    let batch: Vec<Taken> = inner.waiting.drain(..count).collect();
                    inner.taken.extend(batch.iter().map(|taken| (taken.tag, taken.clone())));
                    return Ok(batch);
                }
                next
            };
            match next {
                None => more.await,
                Some(next) => drop(tokio::time::timeout_at(next, more).await),
            }
        }
    }

    async fn ack(&self, lane: Lane, tags: &[u64]) -> Result<()> {
        let done = self.lane(lane).forget(lane, tags);
        // Not awaited: lost in a crash, it only means handing out again what is known already.
        self.db
            .enqueue(Box::new(move |txn| {
                let mut table = txn.open_table(QUEUE)?;
                for key in &done {
                    table.remove(key.as_slice())?;
                }
                Ok(Box::new(|| {}))
            }))
            .await
    }

    async fn put_off(&self, lane: Lane, tag: u64, wait: Duration) -> Result<()> {
        let state = self.lane(lane);
        let mut inner = state.lock();
        if let Some(taken) = inner.taken.remove(&tag) {
            inner.later.push((Instant::now() + wait, Taken { attempt: taken.attempt + 1, again: true, ..taken }));
            state.more.notify_one();
        }
        Ok(())
    }

    async fn bury(&self, lane: Lane, tag: u64, reason: &str) -> Result<()> {
        let state = self.lane(lane);
        let Some(Taken { payload, .. }) = state.lock().taken.remove(&tag) else { return Ok(()) };
        let buried = Buried { lane: number_of(lane), payload, reason: reason.to_owned() };
        let value = serde_json::to_vec(&buried).map_err(|error| PortError::new("queue", error))?;
        let change = move |txn: &WriteTransaction| {
            txn.open_table(QUEUE)?.remove(key(lane, tag).as_slice())?;
            txn.open_table(DEAD)?.insert(tag.to_be_bytes().as_slice(), value.as_slice())?;
            Ok(())
        };
        self.db.write(change).await
    }

    async fn dead(&self, limit: usize) -> Result<Vec<Dead>> {
        self.db.read(|txn| {
            let mut dead = Vec::new();
            for row in txn.open_table(DEAD)?.iter()?.take(limit) {
                let buried: Buried = decode(row?.1.value())?;
                dead.push(Dead { lane: Lane::Partition(buried.lane), payload: buried.payload, reason: buried.reason });
            }
            Ok(dead)
        })
    }

    async fn dead_count(&self) -> Result<u64> {
        self.db.read(|txn| Ok(redb::ReadableTableMetadata::len(&txn.open_table(DEAD)?)?))
    }

    async fn depth(&self, lane: Lane) -> Result<u64> {
        let state = self.lane(lane);
        let inner = state.lock();
        Ok((inner.waiting.len() + inner.taken.len() + inner.later.len()) as u64)
    }
}
