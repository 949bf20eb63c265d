//! The workers, and who of them consumes which partition. Each says once a second that it lives; each reckons for itself,
//! by rendezvous hashing, whose a partition is and who stands by for it. Two in line for each: when the first dies, the
//! broker itself makes the second active at once. That this never lets two write at a time is the broker's promise (single
//! active consumer), not this reckoning's.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties,
    options::{BasicConsumeOptions, BasicPublishOptions},
    types::FieldTable,
};
use sotto_core::ports::{Lane, Result};
use tokio::sync::watch;
use tracing::{debug, info};
use uuid::Uuid;

use super::{
    broker::Broker,
    failed,
    topology::{WORKERS, declare_own},
};
use crate::Background;

/// How often a worker says that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// After how long a silence it counts as gone.
const GONE_AFTER: Duration = Duration::from_millis(3_500);
/// What a worker says that goes.
const FAREWELL: &[u8] = b"going";

/// The workers as this one knows them. Cheap to clone.
#[derive(Clone)]
pub(super) struct Crew {
    me: Uuid,
    known: watch::Sender<Arc<[Uuid]>>,
}

/// A worker's place in line for a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is its own.
    First,
    /// It stands by.
    Second,
    /// It has nothing to do with it.
    None,
}

/// Where `me` stands for a lane among these workers: each has a number for it, the highest is first.
fn place(me: Uuid, workers: &[Uuid], lane: Lane) -> Place {
    let number = |worker: Uuid| {
        let mut hasher = DefaultHasher::new();
        (worker.as_bytes(), lane).hash(&mut hasher);
        (hasher.finish(), worker)
    };
    let mine = number(me);
    match workers.iter().filter(|other| **other != me && number(**other) > mine).count() {
        0 => Place::First,
        1 => Place::Second,
        _ => Place::None,
    }
}

impl Crew {
    /// Joins, and says so from now on.
    pub(super) fn join(broker: &Broker, background: &Background) -> Self {
        let me = Uuid::now_v7();
        let crew = Self { me, known: watch::Sender::new(Arc::from([me])) };
        let (keeper, broker, owner) = (crew.clone(), broker.clone(), background.clone());
        background.spawn(async move {
            while !owner.is_stopped() {
                if let Err(error) = keeper.live(&broker, &owner).await {
                    debug!(%error, "the other workers are not heard");
                    owner.pause(BEAT_EVERY).await;
                }
            }
        });
        crew
    }

    /// Says that it lives, and hears the others, until the channel breaks.
    async fn live(&self, broker: &Broker, background: &Background) -> Result<()> {
        let channel = broker.channel().await?;
        let queue = format!("worker.{}", self.me);
        declare_own(&channel, &queue, WORKERS).await.map_err(failed)?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumer = channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default());
        let mut consumer = consumer.await.map_err(failed)?;
        let mut heard: HashMap<Uuid, Instant> = HashMap::new();
        let mut ticks = tokio::time::interval(BEAT_EVERY);
        let say = async |word: &[u8]| {
            let properties = BasicProperties::default().with_app_id(self.me.to_string().into());
            let options = BasicPublishOptions::default();
            channel.basic_publish(WORKERS.into(), "".into(), options, word, properties).await.map_err(failed)
        };
        loop {
            tokio::select! {
                () = background.stopped() => {
                    say(FAREWELL).await?;
                    return Ok(());
                }
                _ = ticks.tick() => {
                    say(b"alive").await?;
                    heard.retain(|_, at| at.elapsed() < GONE_AFTER);
                }
                word = consumer.next() => {
                    let Some(word) = word.transpose().map_err(failed)? else { return Ok(()) };
                    let from = word.properties.app_id().as_ref().and_then(|id| id.as_str().parse().ok());
                    match from {
                        Some(from) if word.data == FAREWELL => drop(heard.remove(&from)),
                        Some(from) => drop(heard.insert(from, Instant::now())),
                        None => {}
                    }
                }
            }
            self.know(heard.keys().copied());
        }
    }

    fn know(&self, others: impl Iterator<Item = Uuid>) {
        let mut workers: Vec<Uuid> = others.chain([self.me]).collect();
        workers.sort_unstable();
        workers.dedup();
        self.known.send_if_modified(|known| {
            let changed = **known != *workers;
            if changed {
                info!("{} workers share the partitions", workers.len());
                *known = workers.into();
            }
            changed
        });
    }

    /// This worker's place in line for a lane, as it changes.
    pub(super) fn line(&self, lane: Lane) -> Line {
        Line { me: self.me, lane, known: self.known.subscribe() }
    }
}

/// A worker's place in line for one lane.
pub(super) struct Line {
    me: Uuid,
    lane: Lane,
    known: watch::Receiver<Arc<[Uuid]>>,
}

impl Line {
    /// Ready when this worker is in line.
    pub(super) async fn is_in(&mut self) {
        let (me, lane) = (self.me, self.lane);
        if self.known.wait_for(|workers| place(me, workers, lane) != Place::None).await.is_err() {
            // Nobody reckons any more: the pod is stopping.
            std::future::pending::<()>().await;
        }
    }

    /// Ready when this worker must step back: the workers have changed, and the lane is not its own. If it was not the
    /// active one, stepping back costs nothing; if it was, the lane goes to the next in line.
    pub(super) async fn must_step_back(&mut self) {
        loop {
            if self.known.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if place(self.me, &self.known.borrow_and_update(), self.lane) != Place::First {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_partition_has_one_first_and_one_second(workers in prop::collection::hash_set(any::<u128>(), 2..8)) {
            let workers: Vec<Uuid> = workers.into_iter().map(Uuid::from_u128).collect();
            for number in 0..64 {
                let places: Vec<Place> = workers.iter().map(|me| place(*me, &workers, Lane::Partition(number))).collect();
                prop_assert_eq!(places.iter().filter(|place| **place == Place::First).count(), 1);
                prop_assert_eq!(places.iter().filter(|place| **place == Place::Second).count(), 1);
            }
        }

        #[test]
        fn a_death_moves_only_what_was_the_dead_ones(workers in prop::collection::hash_set(any::<u128>(), 3..8)) {
            let workers: Vec<Uuid> = workers.into_iter().map(Uuid::from_u128).collect();
            let (dead, left) = workers.split_first().unwrap();
            for lane in (0..64).map(Lane::Partition) {
                for me in left {
                    if place(*me, &workers, lane) == Place::First {
                        prop_assert_eq!(place(*me, left, lane), Place::First);
                    }
                    if place(*dead, &workers, lane) == Place::First && place(*me, &workers, lane) == Place::Second {
                        prop_assert_eq!(place(*me, left, lane), Place::First);
                    }
                }
            }
        }
    }

    #[test]
    fn two_workers_share_about_evenly() {
        let workers = [Uuid::from_u128(1), Uuid::from_u128(2)];
        let mine =
            (0..64).filter(|number| place(workers[0], &workers, Lane::Partition(*number)) == Place::First).count();
        assert!((16..=48).contains(&mine), "{mine}");
    }
}
