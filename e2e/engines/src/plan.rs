//! What is wanted, and which port each part of it has: plain values, no process yet.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// The variable that moves all ports at once.
pub const PORT_BASE: &str = "SOTTO_CLUSTER_PORT_BASE";
/// Where the ports begin if nothing is said: below what systems hand out to outgoing connections.
const DEFAULT_BASE: u16 = 24_000;
/// How many ports one plan may use.
pub const SPAN: u16 = 130;

/// Whether an engine runs alone or survives the loss of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nodes {
    /// One: for conformance.
    One,
    /// Three: for faults.
    Three,
}

impl Nodes {
    /// Their numbers, from 1.
    pub(crate) fn numbers(self) -> std::ops::RangeInclusive<u16> {
        match self {
            Self::One => 1..=1,
            Self::Three => 1..=3,
        }
    }
}

/// A way of running Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Redis {
    /// One server.
    Standalone,
    /// A master, two replicas and three sentinels.
    Sentinel,
    /// Six nodes, three of them masters.
    Cluster,
}

/// Whether a part is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// It is.
    Wanted,
    /// It is not.
    Left,
}

/// A set of engines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Where data, logs and the record of what runs lie.
    pub folder: PathBuf,
    /// The ports.
    pub ports: Ports,
    /// RabbitMQ.
    pub rabbit: Nodes,
    /// MongoDB, a replica set in either case.
    pub mongo: Nodes,
    /// The kinds of Redis; pods use the first.
    pub redis: Vec<Redis>,
    /// An S3 store.
    pub s3: Part,
    /// The stand-in for a router of a sharded MongoDB.
    pub mongos: Part,
}

impl Plan {
    /// What the adapters' conformance needs: one of each, and every kind of Redis.
    pub fn conformance(folder: PathBuf, ports: Ports) -> Self {
        Self {
            folder,
            ports,
            rabbit: Nodes::One,
            mongo: Nodes::One,
            redis: vec![Redis::Standalone, Redis::Sentinel, Redis::Cluster],
            s3: Part::Wanted,
            mongos: Part::Wanted,
        }
    }

    /// What faults need: nothing whose loss stops the whole, S3 aside.
    pub fn cluster(folder: PathBuf, ports: Ports) -> Self {
        Self { rabbit: Nodes::Three, mongo: Nodes::Three, ..Self::conformance(folder, ports) }
    }

    /// The same, with pods using this kind of Redis.
    #[must_use]
    pub fn with_cache(mut self, cache: Redis) -> Self {
        self.redis.retain(|kind| *kind != cache);
        self.redis.insert(0, cache);
        self
    }
}

/// Every port of a plan, counted from a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports(u16);

impl Ports {
    /// From a base.
    pub fn from(base: u16) -> Result<Self> {
        if !(1_024..=u16::MAX - SPAN).contains(&base) {
            bail!("{PORT_BASE}={base} leaves no room for {SPAN} ports above it");
        }
        Ok(Self(base))
    }

    /// From the environment, or the default.
    pub fn from_environment() -> Result<Self> {
        let Ok(text) = std::env::var(PORT_BASE) else { return Self::from(DEFAULT_BASE) };
        Self::from(text.parse().with_context(|| format!("{PORT_BASE}={text} is no port"))?)
    }

    /// The next place in which everything would fit.
    pub fn next(self) -> Result<Self> {
        Self::from(self.0.saturating_add(SPAN))
    }

    /// Where they begin.
    pub const fn base(self) -> u16 {
        self.0
    }

    /// All of them.
    pub fn all(self) -> std::ops::Range<u16> {
        self.0..self.0 + SPAN
    }

    /// AMQP of a RabbitMQ node, 1 to 3.
    pub const fn amqp(self, node: u16) -> u16 {
        self.0 + node
    }

    /// The HTTP API of a RabbitMQ node.
    pub const fn management(self, node: u16) -> u16 {
        self.0 + 10 + node
    }

    /// Figures of a RabbitMQ node for Prometheus.
    pub const fn rabbit_metrics(self, node: u16) -> u16 {
        self.0 + 20 + node
    }

    /// What RabbitMQ nodes use among themselves.
    pub const fn distribution(self, node: u16) -> u16 {
        self.0 + 30 + node
    }

    /// Erlang's port mapper: one of our own, so that two clusters never meet.
    pub const fn epmd(self) -> u16 {
        self.0 + 40
    }

    /// A member of the replica set, 1 to 3.
    pub const fn mongo(self, node: u16) -> u16 {
        self.0 + 50 + node
    }

    /// The stand-in for mongos.
    pub const fn mongos(self) -> u16 {
        self.0 + 54
    }

    /// The standalone Redis.
    pub const fn redis(self) -> u16 {
        self.0 + 60
    }

    /// A Redis that sentinels watch, 1 to 3.
    pub const fn watched(self, node: u16) -> u16 {
        self.0 + 60 + node
    }

    /// A sentinel, 1 to 3.
    pub const fn sentinel(self, node: u16) -> u16 {
        self.0 + 63 + node
    }

    /// A node of the Redis Cluster, 1 to 6.
    pub const fn sharded(self, node: u16) -> u16 {
        self.0 + 70 + node
    }

    /// What these use among themselves.
    pub const fn bus(self, node: u16) -> u16 {
        self.0 + 80 + node
    }

    /// S3.
    pub const fn s3(self) -> u16 {
        self.0 + 90
    }

    /// The store's own ports behind S3, 1 to 9.
    pub const fn weed(self, part: u16) -> u16 {
        self.0 + 90 + part
    }

    /// HTTP and sockets of a pod, from 1.
    pub const fn pod(self, pod: u16) -> u16 {
        self.0 + 100 + pod
    }

    /// Figures of a pod.
    pub const fn pod_metrics(self, pod: u16) -> u16 {
        self.0 + 110 + pod
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_parts_share_a_port_and_all_lie_in_the_span() {
        let ports = Ports::from(24_000).unwrap();
        let mut all = vec![ports.epmd(), ports.mongos(), ports.redis(), ports.s3()];
        for node in 1..=3 {
            all.extend([ports.amqp(node), ports.management(node), ports.rabbit_metrics(node)]);
            all.extend([ports.distribution(node), ports.mongo(node), ports.watched(node), ports.sentinel(node)]);
        }
        all.extend((1..=6).flat_map(|node| [ports.sharded(node), ports.bus(node)]));
        all.extend((1..=9).map(|part| ports.weed(part)));
        all.extend((1..=9).flat_map(|pod| [ports.pod(pod), ports.pod_metrics(pod)]));
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|port| ports.all().contains(port)));
    }

    #[test]
    fn a_base_without_room_above_it_is_refused() {
        assert!(Ports::from(80).is_err());
        assert!(Ports::from(65_500).is_err());
        assert_eq!(Ports::from(30_000).unwrap().next().unwrap().base(), 30_000 + SPAN);
    }

    #[test]
    fn pods_use_the_kind_of_redis_that_comes_first() {
        let plan = Plan::cluster("x".into(), Ports::from(24_000).unwrap()).with_cache(Redis::Cluster);
        assert_eq!(plan.redis, [Redis::Cluster, Redis::Standalone, Redis::Sentinel]);
    }
}
