//! Publishing that counts only once a quorum has it: confirmed, and not returned.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use sotto_core::{PortError, ports::Result, sabotage::Sabotage};
use tokio::sync::RwLock;

use super::{broker::Broker, failed};

/// The longest wait for a confirmation, and for all tries together.
const CONFIRM: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(6);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// A channel opened before its queue's leader died refuses everything until that node is back. So long are refusals
/// borne before another node is tried.
const REFUSED: Duration = Duration::from_millis(500);

/// Where something is published to.
#[derive(Clone, Copy)]
pub(super) struct Route<'a> {
    pub(super) exchange: &'a str,
    pub(super) key: &'a str,
}

/// Publishes over one channel, many at a time.
pub(super) struct Publisher {
    broker: Broker,
    open: RwLock<Option<Open>>,
    /// Since when everything is refused.
    refused_since: Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Open {
    channel: Channel,
    generation: u64,
}

/// Survives a restart of the brokers.
pub(super) fn durable() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(2)
}

impl Publisher {
    pub(super) fn new(broker: Broker) -> Self {
        Self { broker, open: RwLock::default(), refused_since: Mutex::default() }
    }

    pub(super) fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Publishes. Tries again for a few seconds, since what may have been published twice is found out by its id; then
    /// says that it could not.
    pub(super) async fn publish(&self, route: Route<'_>, payload: &[u8], properties: BasicProperties) -> Result<()> {
        let started = Instant::now();
        loop {
            match self.try_once(route, payload, properties.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) if started.elapsed() + PAUSE > PATIENCE => return Err(error),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn try_once(&self, route: Route<'_>, payload: &[u8], properties: BasicProperties) -> Result<()> {
        let open = self.channel().await?;
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = (route.exchange.into(), route.key.into());
        let sent = open.channel.basic_publish(exchange, key, options, payload, properties).await;
        let sent = sent.map_err(failed)?;
        if Sabotage::Unconfirmed.is_on() {
            return Ok(());
        }
        let confirmed = tokio::time::timeout(CONFIRM, sent).await;
        match confirmed {
            // An acknowledged message that came back was thrown away: only this is success.
            Ok(Ok(Confirmation::Ack(None))) => {
                *self.refused_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
                Ok(())
            }
            Ok(Ok(Confirmation::Ack(Some(_)))) => {
                Err(PortError::new("queue", format!("nothing is bound to {}", route.key)))
            }
            Ok(Ok(Confirmation::Nack(_))) => {
                self.refused(&open);
                Err(PortError::new("queue", "RabbitMQ refused a message"))
            }
            Ok(Ok(Confirmation::NotRequested)) => Err(PortError::new("queue", "RabbitMQ confirms nothing")),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => {
                self.broker.give_up(open.generation, "it does not confirm");
                Err(PortError::new("queue", "RabbitMQ did not confirm in time"))
            }
        }
    }

    fn refused(&self, open: &Open) {
        let mut since = self.refused_since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.get_or_insert_with(Instant::now).elapsed() >= REFUSED {
            *since = None;
            drop(since);
            self.broker.give_up(open.generation, "it refuses everything");
        }
    }

    /// The channel, opened again if it broke.
    async fn channel(&self) -> Result<Open> {
        let (connection, generation) = self.broker.connection().await?;
        if connection.status().blocked() {
            return Err(PortError::new("queue", "RabbitMQ is short of memory or disk and takes nothing"));
        }
        let is_good = |open: &Open| open.generation == generation && open.channel.status().connected();
        if let Some(open) = self.open.read().await.as_ref().filter(|open| is_good(open)) {
            return Ok(open.clone());
        }
        let mut place = self.open.write().await;
        if let Some(open) = place.as_ref().filter(|open| is_good(open)) {
            return Ok(open.clone());
        }
        let channel = connection.create_channel().await.map_err(failed)?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(failed)?;
        let open = Open { channel, generation };
        *place = Some(open.clone());
        Ok(open)
    }
}
