//! Consuming from one lane: while it is this process's to consume, a channel of its own with one consumer, opened again
//! whenever it breaks. A channel that is closed gives back in order what it had in hand, and hands the lane to the next.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use lapin::{
    Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable},
};
use sotto_core::ports::{Lane, Result, Taken};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tracing::{debug, warn};

use super::{
    ATTEMPT, batch,
    broker::Broker,
    crew::{Crew, Line},
    failed, header,
    hold::{Held, Hold},
    publisher::{self, Publisher, Route},
    topology::{PARTITIONS, declare_partition, key, partition},
};
use crate::{
    Background,
    background::Backoff,
    gather::{Gather, Pace, all_failed, one},
};

/// How many deliveries may be in hand, each with one or many entries.
const PREFETCH: u16 = 128;
/// How long an acknowledgement may wait for others, so that they go together, and how many deliveries may. Until it is gone, a
/// crash has what is done handed out again, and found done.
const ACK_WITHIN: Duration = Duration::from_millis(100);
const ACK_AT: u64 = 48;
/// How long a lane that is handed over waits for what was taken from it.
const HAND_OVER: Duration = Duration::from_secs(10);
/// How long after handing over one stands in line again.
const STAND_BACK: Duration = Duration::from_millis(300);

/// How payloads go together in a lane's messages: one message at a time, since the next would have to wait for a quorum's disks
/// all the same.
const PACE: Pace<Vec<u8>> = Pace { commands: 1, most: 256, holds: one, spaced: true };

/// Publishes payloads in as few messages as they fit in.
async fn publish_all(publisher: &Publisher, key: &str, payloads: &[Vec<u8>]) -> Vec<Result<()>> {
    let mut outcomes = Vec::with_capacity(payloads.len());
    for (message, count) in batch::pack(payloads) {
        let properties = publisher::durable().with_type(batch::KIND.into());
        match publisher.publish(Route { exchange: PARTITIONS, key }, &message, properties).await {
            Ok(()) => outcomes.extend((0..count).map(|_| Ok(()))),
            Err(error) => outcomes.extend(all_failed(&error, count)),
        }
    }
    outcomes
}

/// One lane, as this process sees it.
pub(super) struct LaneQueue {
    lane: Lane,
    state: Mutex<State>,
    /// Something may have come.
    more: Notify,
    /// Something may be done with.
    less: Notify,
    /// The broker is to be told what is done with.
    acks: Notify,
    started: OnceLock<()>,
    declared: AtomicBool,
    /// What is to be published while a message is on its way: it goes together in the next one.
    publishing: OnceLock<Gather<Vec<u8>, ()>>,
}

#[derive(Default)]
struct State {
    hold: Hold,
    channel: Option<Channel>,
    /// Up to which delivery all is done with, and up to which the broker knows.
    done: u64,
    told: u64,
    /// Being handed over: nothing more is given out.
    closing: bool,
}

impl LaneQueue {
    pub(super) fn new(lane: Lane) -> Self {
        Self {
            lane,
            state: Mutex::default(),
            more: Notify::new(),
            less: Notify::new(),
            acks: Notify::new(),
            started: OnceLock::new(),
            declared: AtomicBool::new(false),
            publishing: OnceLock::new(),
        }
    }

    /// Puts a payload at the lane's end.
    pub(super) async fn publish(
        &self,
        publisher: &Arc<Publisher>,
        background: &Background,
        payload: Vec<u8>,
    ) -> Result<()> {
        let publishing = self.publishing.get_or_init(|| {
            let (publisher, key) = (Arc::clone(publisher), key(self.lane));
            Gather::start(("queue", background), PACE, move |payloads: Vec<Vec<u8>>| {
                let (publisher, key) = (Arc::clone(&publisher), key.clone());
                async move { publish_all(&publisher, &key, &payloads).await }
            })
        });
        publishing.ask(payload).await
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that there is a queue behind the lane: for those beyond the partitions, which connecting declares.
    pub(super) async fn declared(&self, broker: &Broker, partitions: u16) -> Result<()> {
        let Lane::Partition(number) = self.lane;
        if number < partitions || self.declared.load(Ordering::Relaxed) {
            return Ok(());
        }
        let channel = broker.channel().await?;
        declare_partition(&channel, self.lane).await.map_err(failed)?;
        channel.close(200, "declared".into()).await.map_err(failed)?;
        self.declared.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Starts consuming, once.
    pub(super) fn start(self: &Arc<Self>, broker: &Broker, crew: Option<Crew>, background: &Background) {
        self.started.get_or_init(|| {
            let (queue, broker, owner) = (Arc::clone(self), broker.clone(), background.clone());
            background.spawn(async move { queue.keep(&broker, crew, &owner).await });
        });
    }

    async fn keep(&self, broker: &Broker, crew: Option<Crew>, background: &Background) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let mut line = crew.map(|crew| crew.line(self.lane));
        while !background.is_stopped() {
            if let Some(line) = &mut line {
                tokio::select! {
                    () = background.stopped() => return,
                    () = line.is_in() => {}
                }
            }
            match self.open(broker).await {
                Ok((channel, consumer)) => {
                    backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
                    self.consume(&channel, consumer, line.as_mut(), background).await;
                }
                Err(error) => {
                    debug!(%error, "nothing is consumed from {:?} yet", self.lane);
                    if !background.pause(backoff.next()).await {
                        return;
                    }
                }
            }
        }
    }

    async fn open(&self, broker: &Broker) -> Result<(Channel, lapin::Consumer)> {
        let channel = broker.channel().await?;
        // Also of lanes that were declared before: their broker may have forgotten them.
        declare_partition(&channel, self.lane).await.map_err(failed)?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.map_err(failed)?;
        let (queue, options) = (partition(self.lane), BasicConsumeOptions::default());
        let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let consumer = consumer.await.map_err(failed)?;
        self.state().channel = Some(channel.clone());
        Ok((channel, consumer))
    }

    /// Takes in what comes until the channel breaks, or the lane is to be handed over.
    async fn consume(
        &self,
        channel: &Channel,
        mut consumer: lapin::Consumer,
        mut line: Option<&mut Line>,
        background: &Background,
    ) {
        let mut ack_at: Option<Instant> = None;
        let handed_over = loop {
            let ack = async {
                match ack_at {
                    Some(at) => sleep_until(at).await,
                    None => self.acks.notified().await,
                }
            };
            let turn = async {
                match &mut line {
                    Some(line) => line.must_step_back().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                delivery = consumer.next() => match delivery {
                    Some(Ok(delivery)) => self.came(delivery),
                    Some(Err(error)) => {
                        debug!(%error, "the consumer of {:?} broke", self.lane);
                        break false;
                    }
                    None => break false,
                },
                () = ack => match ack_at.take() {
                    None => ack_at = Some(Instant::now() + ACK_WITHIN),
                    Some(_) => if let Err(error) = self.tell(channel).await {
                        debug!(%error, "the channel of {:?} broke", self.lane);
                        break false;
                    },
                },
                () = turn => break true,
                () = background.stopped() => break true,
            }
        };
        if handed_over {
            self.finish().await;
            drop(self.tell(channel).await);
            if let Err(error) = channel.close(200, "handing over".into()).await {
                debug!(%error, "the channel of {:?} was gone", self.lane);
            }
        }
        self.reset();
        if handed_over && !background.is_stopped() {
            background.pause(STAND_BACK).await;
        }
    }

    /// The channel is gone.
    fn reset(&self) {
        let mut state = self.state();
        state.hold.clear();
        state.channel = None;
        (state.done, state.told) = (0, 0);
        state.closing = false;
        drop(state);
        self.less.notify_one();
    }

    fn came(&self, delivery: Delivery) {
        let attempt = match header(&delivery.properties, ATTEMPT) {
            Some(AMQPValue::LongUInt(attempt)) => attempt,
            Some(AMQPValue::LongLongInt(attempt)) => u32::try_from(attempt).unwrap_or_default(),
            _ => 0,
        };
        let payloads = batch::payloads(&delivery.properties, delivery.data);
        self.state().hold.put(delivery.delivery_tag, payloads, (attempt, delivery.redelivered));
        self.more.notify_one();
    }

    /// Waits until what was taken is done with; the rest goes back with the channel.
    async fn finish(&self) {
        {
            let mut state = self.state();
            state.closing = true;
            state.hold.stop_waiting();
        }
        let done = async {
            loop {
                let less = self.less.notified();
                if !self.state().hold.is_busy() {
                    return;
                }
                less.await;
            }
        };
        if tokio::time::timeout(HAND_OVER, done).await.is_err() {
            warn!("{:?} is handed over with entries in hand: they are taken again elsewhere", self.lane);
        }
    }

    /// Waits for the next ones.
    pub(super) async fn take(&self, most: usize) -> Vec<Taken> {
        loop {
            // Registered before looking, so that nothing that comes in between is slept through.
            let more = self.more.notified();
            {
                let mut state = self.state();
                let taken = if state.closing { Vec::new() } else { state.hold.take(most) };
                if !taken.is_empty() {
                    return taken;
                }
            }
            more.await;
        }
    }

    /// These are done with. Those of a channel that broke come again, whoever takes them.
    pub(super) async fn ack(&self, tags: &[u64]) -> Result<()> {
        let channel = {
            let mut state = self.state();
            if let Some(upto) = state.hold.done(tags) {
                state.done = upto;
                self.acks.notify_one();
            }
            (state.done - state.told >= ACK_AT).then(|| state.channel.clone()).flatten()
        };
        self.less.notify_one();
        match channel {
            Some(channel) => self.tell(&channel).await,
            None => Ok(()),
        }
    }

    /// Tells the broker what is done with.
    async fn tell(&self, channel: &Channel) -> Result<()> {
        let upto = {
            let mut state = self.state();
            let is_news = state.done > state.told;
            state.told = state.done;
            is_news.then_some(state.done)
        };
        match upto {
            Some(upto) => channel.basic_ack(upto, BasicAckOptions { multiple: true }).await.map_err(failed),
            None => Ok(()),
        }
    }

    /// One that was taken and is not done with.
    pub(super) fn held(&self, tag: u64) -> Option<Held> {
        self.state().hold.held(tag)
    }

    /// One that could not be dealt with is handed out again.
    pub(super) fn give_back(&self, held: Held) {
        self.state().hold.give_back(held);
        self.more.notify_one();
    }

    /// How many this process has in hand.
    pub(super) fn in_hand(&self) -> u64 {
        self.state().hold.len()
    }
}
