//! Events for all pods at once: one publish, whatever their number. Nothing is confirmed; who misses one finds the gap.

use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel,
    options::{BasicConsumeOptions, BasicPublishOptions},
    types::FieldTable,
};
use sotto_core::ports::Result;
use tokio::sync::{Mutex, mpsc};
use tracing::debug;

use super::{
    broker::Broker,
    failed,
    topology::{PODS, declare_own},
};
use crate::{
    Background,
    background::Backoff,
    heard::{Heard, Said},
};

/// The way to all pods.
pub(crate) struct Fanout {
    publishing: Broker,
    consuming: Broker,
    channel: Mutex<Option<Channel>>,
}

impl Fanout {
    pub(super) fn new(publishing: Broker, consuming: Broker) -> Self {
        Self { publishing, consuming, channel: Mutex::default() }
    }

    /// Sends to every pod.
    pub(crate) async fn say(&self, payload: &[u8]) -> Result<()> {
        let mut place = self.channel.lock().await;
        let channel = match place.take().filter(|channel| channel.status().connected()) {
            Some(channel) => channel,
            None => self.publishing.channel().await?,
        };
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        channel.basic_publish(PODS.into(), "".into(), options, payload, properties).await.map_err(failed)?;
        *place = Some(channel);
        Ok(())
    }

    /// What is sent to every pod from now on, until the background stops.
    pub(crate) fn listen(&self, pod: &str, background: &Background) -> mpsc::Receiver<Heard> {
        let (to, heard) = mpsc::channel(4_096);
        let (broker, owner, queue) = (self.consuming.clone(), background.clone(), format!("pod.{pod}"));
        background.spawn(async move {
            tokio::select! {
                () = owner.stopped() => {}
                () = keep(&broker, &queue, &to) => {}
            }
        });
        heard
    }
}

async fn keep(broker: &Broker, queue: &str, to: &mpsc::Sender<Heard>) {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    loop {
        match consumer(broker, queue).await {
            Ok((channel, mut consumer)) => {
                backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
                if to.send(Heard::Listening).await.is_err() {
                    return;
                }
                while let Some(Ok(delivery)) = consumer.next().await {
                    let said = Said { channel: PODS.to_owned(), payload: delivery.data };
                    if to.send(Heard::Said(said)).await.is_err() {
                        return;
                    }
                }
                drop(channel);
                if to.send(Heard::Deaf).await.is_err() {
                    return;
                }
            }
            Err(error) => debug!(%error, "events for all pods are not heard"),
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

async fn consumer(broker: &Broker, queue: &str) -> Result<(Channel, lapin::Consumer)> {
    let channel = broker.channel().await?;
    declare_own(&channel, queue, PODS).await.map_err(failed)?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
    Ok((channel.clone(), consumer.await.map_err(failed)?))
}
