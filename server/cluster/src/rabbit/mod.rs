//! RabbitMQ: the durable queues, and events for many pods at once. Partitions are quorum queues with one active consumer;
//! what is published counts once a quorum has confirmed it.

mod address;
mod batch;
mod broker;
mod crew;
mod fanout;
mod greeting;
mod hold;
mod lane;
mod publisher;
mod topology;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use lapin::{
    BasicProperties,
    options::{BasicGetOptions, BasicNackOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use sotto_core::{
    PortError,
    ports::{Dead, Lane, Queue, Result, Taken},
};
use tokio::sync::Mutex as AsyncMutex;

pub(crate) use self::fanout::Fanout;
use self::{
    address::Address,
    broker::Broker,
    crew::Crew,
    hold::Held,
    lane::LaneQueue,
    publisher::{Publisher, Route},
    topology::{DEAD, RETRY, key, lane_of, partition},
};
use crate::{Background, ConnectError, Unusable};

/// The setting that names it.
pub(crate) const SETTING: &str = "SOTTO_QUEUE";
/// How often an entry was put off before.
const ATTEMPT: &str = "x-sotto-attempt";
/// Why an entry could not be processed.
const REASON: &str = "x-sotto-reason";

/// The queues. Cheap to clone.
#[derive(Clone)]
pub struct Rabbit {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    /// Publishing has its own connection: the broker slows publishers down, and must not slow consumers by that.
    publisher: Arc<Publisher>,
    consuming: Broker,
    lanes: Mutex<HashMap<Lane, Arc<LaneQueue>>>,
    /// Those that share the partitions; there once this process takes from one.
    crew: Mutex<Option<Crew>>,
    partitions: u16,
    /// For questions, which break their channel when the answer is no.
    asking: AsyncMutex<Option<lapin::Channel>>,
    background: Background,
}

impl Rabbit {
    /// Reads the URL, and starts connecting. The brokers may be away.
    pub fn new(url: &str, partitions: u16, background: &Background) -> std::result::Result<Self, Unusable> {
        let address = Address::parse(url)?;
        let publishing = Broker::start(address.clone(), "sotto publishing", partitions, background);
        let consuming = Broker::start(address.clone(), "sotto consuming", partitions, background);
        let shared = Shared {
            address,
            publisher: Arc::new(Publisher::new(publishing)),
            consuming,
            lanes: Mutex::default(),
            crew: Mutex::default(),
            partitions,
            asking: AsyncMutex::default(),
            background: background.clone(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether a broker answers.
    pub fn check(&self) -> std::result::Result<(), ConnectError> {
        self.shared.publisher.broker().check()?;
        self.shared.consuming.check()
    }

    /// The version of the last broker that says one, where none is too old.
    pub(crate) async fn checked_version(&self) -> std::result::Result<Option<String>, Unusable> {
        let mut known = None;
        for uri in self.shared.address.all() {
            match greeting::version(uri).await {
                Some(version) if greeting::is_too_old(&version) => return Err(greeting::too_old(&version)),
                Some(version) => known = Some(version),
                None => {}
            }
        }
        Ok(known)
    }

    /// Publishes something to a queue of its own, and takes it back.
    pub(crate) async fn probe(&self) -> Result<bool> {
        let channel = self.shared.consuming.channel().await?;
        let options = QueueDeclareOptions::exclusive().auto_delete();
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.map_err(failed)?;
        let name = queue.name().to_string();
        let route = Route { exchange: "", key: &name };
        self.shared.publisher.publish(route, b"sotto", BasicProperties::default()).await?;
        let got = channel.basic_get(name.as_str().into(), BasicGetOptions { no_ack: true }).await.map_err(failed)?;
        channel.close(200, "probed".into()).await.map_err(failed)?;
        Ok(got.is_some_and(|got| got.delivery.data == b"sotto"))
    }

    /// Events for many pods at once, over the same brokers.
    pub(crate) fn fanout(&self) -> Fanout {
        Fanout::new(self.shared.publisher.broker().clone(), self.shared.consuming.clone())
    }

    /// The lane's state; consuming from it begins with the first who takes.
    fn lane(&self, lane: Lane, takes: bool) -> Arc<LaneQueue> {
        let mut lanes = self.shared.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = Arc::clone(lanes.entry(lane).or_insert_with(|| Arc::new(LaneQueue::new(lane))));
        drop(lanes);
        if takes {
            let Lane::Partition(number) = lane;
            // Partitions are shared out over the workers; other lanes are whoever's takes from them.
            let crew = (number < self.shared.partitions).then(|| self.crew());
            queue.start(&self.shared.consuming, crew, &self.shared.background);
        }
        queue
    }

    fn crew(&self) -> Crew {
        let mut crew = self.shared.crew.lock().unwrap_or_else(PoisonError::into_inner);
        crew.get_or_insert_with(|| Crew::join(&self.shared.consuming, &self.shared.background)).clone()
    }

    /// Something taken that goes elsewhere now: published there first, then off its lane.
    async fn move_on(&self, lane: Lane, held: Held, route: Route<'_>, properties: BasicProperties) -> Result<()> {
        let queue = self.lane(lane, false);
        match self.shared.publisher.publish(route, &held.payload, properties).await {
            Ok(()) => queue.ack(&[held.tag]).await,
            Err(error) => {
                queue.give_back(held);
                Err(error)
            }
        }
    }

    async fn count(&self, name: &str) -> Result<u64> {
        let mut asking = self.shared.asking.lock().await;
        let channel = match asking.take().filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => self.shared.consuming.channel().await?,
        };
        let declared =
            channel.queue_declare(name.into(), QueueDeclareOptions::durable().passive(), FieldTable::default());
        let queue = declared.await.map_err(failed)?;
        *asking = Some(channel);
        Ok(u64::from(queue.message_count()))
    }
}

/// A client's error as a port's.
pub(crate) fn failed(error: lapin::Error) -> PortError {
    PortError::new("queue", error)
}

fn header(properties: &BasicProperties, name: &str) -> Option<AMQPValue> {
    properties.headers().as_ref()?.inner().get(&ShortString::from(name)).cloned()
}

#[async_trait]
impl Queue for Rabbit {
    async fn publish(&self, lane: Lane, payload: Vec<u8>) -> Result<()> {
        let queue = self.lane(lane, false);
        queue.declared(&self.shared.consuming, self.shared.partitions).await?;
        queue.publish(&self.shared.publisher, &self.shared.background, payload).await
    }

    async fn take(&self, lane: Lane, most: usize) -> Result<Vec<Taken>> {
        Ok(self.lane(lane, true).take(most).await)
    }

    async fn ack(&self, lane: Lane, tags: &[u64]) -> Result<()> {
        self.lane(lane, false).ack(tags).await
    }

    async fn put_off(&self, lane: Lane, tag: u64, wait: Duration) -> Result<()> {
        let Some(held) = self.lane(lane, false).held(tag) else { return Ok(()) };
        let mut headers = FieldTable::default();
        headers.insert(ATTEMPT.into(), AMQPValue::LongUInt(held.attempt + 1));
        let properties =
            publisher::durable().with_headers(headers).with_expiration(wait.as_millis().to_string().into());
        let key = key(lane);
        self.move_on(lane, held, Route { exchange: RETRY, key: &key }, properties).await
    }

    async fn bury(&self, lane: Lane, tag: u64, reason: &str) -> Result<()> {
        let Some(held) = self.lane(lane, false).held(tag) else { return Ok(()) };
        let mut headers = FieldTable::default();
        headers.insert(REASON.into(), AMQPValue::LongString(reason.into()));
        let key = key(lane);
        let properties = publisher::durable().with_headers(headers);
        self.move_on(lane, held, Route { exchange: DEAD, key: &key }, properties).await
    }

    async fn dead(&self, limit: usize) -> Result<Vec<Dead>> {
        let channel = self.shared.consuming.channel().await?;
        let mut dead = Vec::new();
        let mut last = 0;
        while dead.len() < limit {
            let got = channel.basic_get(DEAD.into(), BasicGetOptions { no_ack: false }).await.map_err(failed)?;
            let Some(got) = got else { break };
            last = got.delivery.delivery_tag;
            let reason = match header(&got.delivery.properties, REASON) {
                Some(AMQPValue::LongString(reason)) => reason.to_string(),
                // What the broker itself has buried: taken too often without an answer.
                _ => "delivered too often".to_owned(),
            };
            let Some(lane) = lane_of(got.delivery.routing_key.as_str()) else { continue };
            let payloads = batch::payloads(&got.delivery.properties, got.delivery.data);
            dead.extend(payloads.into_iter().map(|payload| Dead { lane, payload, reason: reason.clone() }));
        }
        if last > 0 {
            // Only looked at: back to where they were.
            let back = BasicNackOptions { multiple: true, requeue: true };
            channel.basic_nack(last, back).await.map_err(failed)?;
        }
        channel.close(200, "looked".into()).await.map_err(failed)?;
        Ok(dead)
    }

    async fn dead_count(&self) -> Result<u64> {
        self.count(DEAD).await
    }

    async fn depth(&self, lane: Lane) -> Result<u64> {
        let queue = self.lane(lane, false);
        queue.declared(&self.shared.consuming, self.shared.partitions).await?;
        Ok(self.count(&partition(lane)).await? + queue.in_hand())
    }
}
