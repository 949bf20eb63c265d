//! Redis, three ways: alone, watched by sentinels, and as a cluster. None of them keeps anything on disk.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::ask::Ready;
use crate::ask::redis::ask;
use crate::engines::Engines;
use crate::plan::{Ports, Redis};
use crate::process::Spec;
use crate::site::{Site, program};

const LIMIT: Duration = Duration::from_secs(30);
/// What the sentinels call the master.
pub(crate) const MASTER: &str = "sotto";
/// Masters of the cluster; each has one replica.
const MASTERS: u16 = 3;
/// Nodes of the cluster.
const SHARDED: u16 = 6;
/// How many slots a cluster has.
const SLOTS: u16 = 16_384;

/// The processes of one kind.
pub(crate) fn specs(site: &Site, kind: Redis) -> Result<Vec<Spec>> {
    let ports = site.ports;
    match kind {
        Redis::Standalone => Ok(vec![server(site, "redis", ports.redis(), "")?]),
        Redis::Sentinel => {
            let mut specs = Vec::new();
            for node in 1..=3 {
                specs.push(server(site, &watched(node), ports.watched(node), &replication(node, ports))?);
            }
            for node in 1..=3 {
                specs.push(sentinel(site, node)?);
            }
            Ok(specs)
        }
        Redis::Cluster => (1..=SHARDED)
            .map(|node| {
                let mut spec = server(site, &sharded(node), ports.sharded(node), &sharding(node, ports))?;
                spec.ports.push(ports.bus(node));
                Ok(spec)
            })
            .collect(),
    }
}

/// Starts one kind, and waits until all its parts know each other.
pub(crate) fn assemble(engines: &Engines, kind: Redis) -> Result<()> {
    let names: Vec<String> = match kind {
        Redis::Standalone => vec!["redis".to_owned()],
        Redis::Sentinel => (1..=3).map(watched).chain((1..=3).map(|node| format!("sentinel-{node}"))).collect(),
        Redis::Cluster => (1..=SHARDED).map(sharded).collect(),
    };
    for name in &names {
        engines.process(name)?.start()?;
    }
    for name in &names {
        engines.process(name)?.wait_until_ready(LIMIT)?;
    }
    let ports = engines.ports();
    match kind {
        Redis::Standalone => Ok(()),
        Redis::Sentinel => {
            for node in 2..=3 {
                let linked = || is_linked(ports.watched(node));
                engines.process(&watched(node))?.wait("in step with its master", LIMIT, linked)?;
            }
            for node in 1..=3 {
                let knows_all = || {
                    let reply = ask(ports.sentinel(node), &format!("SENTINEL MASTER {MASTER}"))?;
                    Ok(reply.field("num-slaves") == "2" && reply.field("num-other-sentinels") == "2")
                };
                engines.process(&format!("sentinel-{node}"))?.wait("aware of all others", LIMIT, knows_all)?;
            }
            Ok(())
        }
        Redis::Cluster => shard(engines),
    }
}

/// Makes a cluster of six lone nodes: gives out the slots, introduces them to each other, and pairs them.
fn shard(engines: &Engines) -> Result<()> {
    let ports = engines.ports();
    let mut ids = Vec::new();
    for node in 1..=SHARDED {
        ids.push(ask(ports.sharded(node), "CLUSTER MYID")?.text().to_owned());
        // Different from the start, or they would have to settle it among themselves.
        ask(ports.sharded(node), &format!("CLUSTER SET-CONFIG-EPOCH {node}"))?;
    }
    for master in 1..=MASTERS {
        let (from, to) = slots(master);
        ask(ports.sharded(master), &format!("CLUSTER ADDSLOTSRANGE {from} {to}"))?;
    }
    for node in 2..=SHARDED {
        let meet = format!("CLUSTER MEET 127.0.0.1 {} {}", ports.sharded(node), ports.bus(node));
        ask(ports.sharded(1), &meet)?;
    }
    for node in 1..=SHARDED {
        let knows_all = || says(ports.sharded(node), "CLUSTER INFO", "cluster_known_nodes:6");
        engines.process(&sharded(node))?.wait("aware of all others", LIMIT, knows_all)?;
    }
    for (node, master) in (MASTERS + 1..=SHARDED).zip(&ids) {
        ask(ports.sharded(node), &format!("CLUSTER REPLICATE {master}")).context("a replica cannot be made")?;
    }
    for node in 1..=SHARDED {
        let is_whole = || {
            let port = ports.sharded(node);
            Ok(says(port, "CLUSTER INFO", "cluster_state:ok")? && (node <= MASTERS || is_linked(port)?))
        };
        engines.process(&sharded(node))?.wait("part of a whole cluster", LIMIT, is_whole)?;
    }
    Ok(())
}

/// Which slots a master has, the first and the last.
fn slots(master: u16) -> (u16, u16) {
    let share = SLOTS / MASTERS;
    let last = if master == MASTERS { SLOTS } else { master * share };
    ((master - 1) * share, last - 1)
}

fn is_linked(port: u16) -> Result<bool> {
    says(port, "INFO replication", "master_link_status:up")
}

fn says(port: u16, command: &str, line: &str) -> Result<bool> {
    Ok(ask(port, command)?.text().lines().any(|found| found == line))
}

fn server(site: &Site, name: &str, port: u16, more: &str) -> Result<Spec> {
    let spec = started(site, name, port)?;
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir \"{}\"\nsave \"\"\nappendonly no\nrepl-diskless-sync-delay 0\n{more}",
        spec.dir.display()
    );
    write_config(spec, &text)
}

fn sentinel(site: &Site, node: u16) -> Result<Spec> {
    let port = site.ports.sentinel(node);
    let mut spec = started(site, &format!("sentinel-{node}"), port)?;
    spec.args.push("--sentinel".to_owned());
    let text = format!(
        "port {port}\nbind 127.0.0.1\ndir \"{}\"\nsentinel monitor {MASTER} 127.0.0.1 {} 2\n\
         sentinel down-after-milliseconds {MASTER} 1000\nsentinel failover-timeout {MASTER} 10000\n\
         sentinel parallel-syncs {MASTER} 1\n",
        spec.dir.display(),
        site.ports.watched(1)
    );
    write_config(spec, &text)
}

fn started(site: &Site, name: &str, port: u16) -> Result<Spec> {
    let mut spec = site.spec(name, &program("SOTTO_REDIS", &["redis-server"])?, &[port], Ready::Ping(port))?;
    spec.args = vec![spec.dir.join("redis.conf").to_string_lossy().into_owned()];
    Ok(spec)
}

/// A file, not arguments: sentinels rewrite it, so that a server that was replaced comes back as a replica.
fn write_config(spec: Spec, text: &str) -> Result<Spec> {
    let file = spec.dir.join("redis.conf");
    std::fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(spec)
}

/// A master that is cut off from both replicas stops taking writes that would be lost.
fn replication(node: u16, ports: Ports) -> String {
    let common = "min-replicas-to-write 1\nmin-replicas-max-lag 10\n";
    if node == 1 { common.to_owned() } else { format!("{common}replicaof 127.0.0.1 {}\n", ports.watched(1)) }
}

fn sharding(node: u16, ports: Ports) -> String {
    format!(
        "cluster-enabled yes\ncluster-config-file nodes.conf\ncluster-node-timeout 2000\ncluster-port {}\n",
        ports.bus(node)
    )
}

fn watched(node: u16) -> String {
    format!("redis-{node}")
}

fn sharded(node: u16) -> String {
    format!("redis-cluster-{node}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_one_master() {
        assert_eq!((1..=MASTERS).map(slots).collect::<Vec<_>>(), [(0, 5_460), (5_461, 10_921), (10_922, 16_383)]);
    }

    #[test]
    fn only_the_first_begins_as_a_master() {
        let ports = Ports::from(24_000).unwrap();
        assert!(!replication(1, ports).contains("replicaof"));
        assert!(replication(2, ports).contains("replicaof 127.0.0.1 24061\n"));
        assert!(sharding(6, ports).contains("cluster-port 24086\n"));
    }
}
