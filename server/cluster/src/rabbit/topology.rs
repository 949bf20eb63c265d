//! The names on the brokers, and what stands behind them. Declaring twice is declaring once.

use lapin::{
    Channel, ExchangeKind,
    options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use sotto_core::ports::Lane;

/// Messages to their partition: of direct conversations, and of all others.
pub(super) const PARTITIONS: &str = "messages.direct";
const GROUPS: &str = "messages.group";
/// Entries that wait to be tried again, and those that were given up: exchange and queue of the same name.
pub(super) const RETRY: &str = "retry";
pub(super) const DEAD: &str = "dead";
/// Events for the pods, to a queue of each.
pub(super) const PODS: &str = "pods.fanout";
/// The workers' signs of life, to a queue of each.
pub(super) const WORKERS: &str = "workers.fanout";
/// Asynchronous work.
const WORK: [&str; 3] = ["push", "media", "receipts.flush"];
/// How often an entry may be taken and not answered before the broker gives it up. Each worker that dies counts once for
/// all that it held, so the number is well above what a bad day brings.
const DELIVERY_LIMIT: i32 = 200;

/// The routing key of a partition.
pub(super) fn key(lane: Lane) -> String {
    let Lane::Partition(number) = lane;
    format!("p{number:02}")
}

/// The queue of a partition.
pub(super) fn partition(lane: Lane) -> String {
    format!("partition.{}", key(lane))
}

/// The partition of a routing key.
pub(super) fn lane_of(key: &str) -> Option<Lane> {
    key.strip_prefix('p')?.parse().ok().map(Lane::Partition)
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

/// A quorum queue that loses nothing: what it gives up goes to `to`, and is gone from it only once it is there.
fn quorum(to: &str) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-dead-letter-exchange".into(), text(to));
    arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments
}

/// Declares one partition.
pub(super) async fn declare_partition(channel: &Channel, lane: Lane) -> lapin::Result<()> {
    let name = partition(lane);
    let mut arguments = quorum(DEAD);
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
    channel.queue_declare(name.as_str().into(), QueueDeclareOptions::durable(), arguments).await?;
    for exchange in [PARTITIONS, GROUPS] {
        bind(channel, &name, exchange, &key(lane)).await?;
    }
    Ok(())
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, key: &str) -> lapin::Result<()> {
    let options = QueueBindOptions::default();
    channel.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default()).await
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await
}

/// Declares everything but the queues that belong to a process.
pub(super) async fn declare(channel: &Channel, partitions: u16) -> lapin::Result<()> {
    for name in [PARTITIONS, GROUPS] {
        exchange(channel, name, ExchangeKind::Direct).await?;
    }
    for name in [RETRY, DEAD, PODS, WORKERS] {
        exchange(channel, name, ExchangeKind::Fanout).await?;
    }
    let durable = QueueDeclareOptions::durable();
    // What has waited long enough goes back to its partition by the key it came with.
    channel.queue_declare(RETRY.into(), durable, quorum(PARTITIONS)).await?;
    let mut dead = FieldTable::default();
    dead.insert("x-queue-type".into(), text("quorum"));
    channel.queue_declare(DEAD.into(), durable, dead).await?;
    for name in [RETRY, DEAD] {
        bind(channel, name, name, "").await?;
    }
    for name in WORK {
        channel.queue_declare(name.into(), durable, quorum(DEAD)).await?;
    }
    for number in 0..partitions {
        declare_partition(channel, Lane::Partition(number)).await?;
    }
    Ok(())
}

/// A queue of this process alone, which vanishes with its connection, bound to a fanout exchange.
pub(super) async fn declare_own(channel: &Channel, name: &str, exchange: &str) -> lapin::Result<()> {
    const MOST: i32 = 20_000;
    let mut arguments = FieldTable::default();
    // Events may be lost, memory may not run out.
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(MOST));
    arguments.insert("x-overflow".into(), text("drop-head"));
    channel.queue_declare(name.into(), QueueDeclareOptions::exclusive().auto_delete(), arguments).await?;
    bind(channel, name, exchange, "").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_found_by_its_key() {
        for number in [0, 7, 63, 1_001] {
            let lane = Lane::Partition(number);
            assert_eq!(lane_of(&key(lane)), Some(lane));
        }
        assert_eq!((key(Lane::Partition(3)), partition(Lane::Partition(12))), ("p03".into(), "partition.p12".into()));
        assert_eq!(lane_of("x1"), None);
    }
}
