//! Subscriptions to Redis channels, made again whenever they break. What was said meanwhile is lost: whoever listens is
//! told that it may have missed something.

use std::time::Duration;

use futures_util::StreamExt as _;
use redis::{Client, RedisResult, aio::PubSub};
use sotto_core::ports::Result;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::{Link, master::Master};
use crate::{
    Background,
    background::Backoff,
    heard::{Heard, Said},
};

/// How often a subscription is tested, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(2);
const PING_PATIENCE: Duration = Duration::from_secs(2);
/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// Channels to subscribe to.
pub(crate) struct Channels {
    link: Link,
    names: Vec<String>,
    to: mpsc::Sender<Heard>,
}

impl Channels {
    /// Listens until the background stops or nobody hears any more.
    pub(crate) fn listen(link: &Link, names: Vec<String>, background: &Background) -> mpsc::Receiver<Heard> {
        let (to, heard) = mpsc::channel(4_096);
        let channels = Self { link: link.clone(), names, to };
        let owner = background.clone();
        background.spawn(async move {
            tokio::select! {
                () = owner.stopped() => {}
                () = channels.keep() => {}
            }
        });
        heard
    }

    async fn keep(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let mut tries = 0_usize;
        loop {
            match self.subscribe(tries).await {
                Ok((subscription, master)) => {
                    info!("listening on {}", self.names.join(", "));
                    backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
                    if self.to.send(Heard::Listening).await.is_err() {
                        return;
                    }
                    self.hear(subscription, master).await;
                    if self.to.send(Heard::Deaf).await.is_err() {
                        return;
                    }
                    warn!("the subscription to {} broke", self.names.join(", "));
                }
                Err(error) => warn!(%error, "no subscription to {} yet", self.names.join(", ")),
            }
            tries += 1;
            tokio::time::sleep(backoff.next()).await;
        }
    }

    async fn subscribe(&self, tries: usize) -> Result<(PubSub, Master)> {
        let away = |why: String| sotto_core::PortError::new("delivery", why);
        let in_time = tokio::time::timeout(CONNECT, self.link.address.subscribers()).await;
        let nodes = in_time.map_err(|_| away("no answer".into()))?.map_err(|error| away(error.to_string()))?;
        let node = nodes.get(tries % nodes.len().max(1)).ok_or_else(|| away("no node".into()))?;
        let in_time = tokio::time::timeout(CONNECT, subscribed(node, &self.names)).await;
        let subscription = in_time.map_err(|_| away("no answer".into()))?.map_err(|error| away(error.to_string()))?;
        Ok((subscription, self.link.address.watched(node)))
    }

    /// Passes on what is said until the subscription breaks.
    async fn hear(&self, subscription: PubSub, mut master: Master) {
        let (mut sink, mut stream) = subscription.split();
        let mut ticks = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                said = stream.next() => {
                    let Some(said) = said else { return };
                    let channel = said.get_channel_name().to_owned();
                    let payload = said.get_payload_bytes().to_vec();
                    if self.to.send(Heard::Said(Said { channel, payload })).await.is_err() {
                        return;
                    }
                }
                _ = ticks.tick() => {
                    // A silent network says nothing: only a question finds it out.
                    let pong = tokio::time::timeout(PING_PATIENCE, sink.ping::<redis::Value>());
                    if !matches!(pong.await, Ok(Ok(_))) || master.is_replaced(&self.link.address).await {
                        return;
                    }
                }
            }
        }
    }
}

async fn subscribed(node: &Client, names: &[String]) -> RedisResult<PubSub> {
    let mut subscription = node.get_async_pubsub().await?;
    for name in names {
        subscription.subscribe(name).await?;
    }
    Ok(subscription)
}
