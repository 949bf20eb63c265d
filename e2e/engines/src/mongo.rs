//! MongoDB: a replica set of one or of three, and the stand-in for a router before it.

use std::time::Duration;

use anyhow::{Context, Result};
use bson::{Document, doc};

use crate::ask::{Ready, mongo};
use crate::engines::Engines;
use crate::plan::{Nodes, Part, Ports};
use crate::process::Spec;
use crate::site::{Site, program};

const LIMIT: Duration = Duration::from_mins(1);
/// The replica set's name.
pub(crate) const SET: &str = "sotto";
/// How large a member's cache may grow, in GiB. The default keeps three of them small; a benchmark wants what it writes to
/// fit.
const CACHE: &str = "SOTTO_MONGOD_CACHE_GB";
/// The stand-in's name.
pub(crate) const MONGOS: &str = "mongos-shim";

/// The members, then the stand-in if it is wanted.
pub(crate) fn specs(site: &Site, nodes: Nodes, router: Part) -> Result<Vec<Spec>> {
    let mongod = program("SOTTO_MONGOD", &["mongod"])?;
    let ports = site.ports;
    let mut specs = Vec::new();
    for node in nodes.numbers() {
        let port = ports.mongo(node);
        let mut spec = site.spec(&name(node), &mongod, &[port], Ready::Hello(port))?;
        let fixed = "--bind_ip 127.0.0.1 --oplogSize 64 --nounixsocket \
                     --setParameter diagnosticDataCollectionEnabled=false \
                     --setParameter shutdownTimeoutMillisForSignaledShutdown=1000";
        let cache = std::env::var(CACHE).unwrap_or_else(|_| "0.25".to_owned());
        let own = [
            "--wiredTigerCacheSizeGB",
            &cache,
            "--replSet",
            SET,
            "--port",
            &port.to_string(),
            "--dbpath",
            &spec.dir.to_string_lossy(),
        ];
        spec.args = fixed.split_whitespace().chain(own).map(str::to_owned).collect();
        specs.push(spec);
    }
    if router == Part::Wanted {
        let port = ports.mongos();
        // Beside the program that runs this, where cargo puts a package's programs.
        let beside = std::env::current_exe().ok().map(|own| own.with_file_name(MONGOS)).unwrap_or_default();
        let shim = program("SOTTO_MONGOS_SHIM", &[&beside.to_string_lossy(), MONGOS])?;
        let mut spec = site.spec(MONGOS, &shim, &[port], Ready::Hello(port))?;
        spec.args = vec![port.to_string()];
        spec.args.extend(nodes.numbers().map(|node| format!("127.0.0.1:{}", ports.mongo(node))));
        specs.push(spec);
    }
    Ok(specs)
}

/// Starts the members, makes a set of them, and waits until all take part in it.
pub(crate) fn assemble(engines: &Engines, nodes: Nodes, router: Part) -> Result<()> {
    let ports = engines.ports();
    for node in nodes.numbers() {
        engines.process(&name(node))?.start()?;
    }
    for node in nodes.numbers() {
        let answers = || mongo::hello(ports.mongo(node)).map(|_| true);
        engines.process(&name(node))?.wait("answering", LIMIT, answers)?;
    }
    let first = engines.process(&name(1))?;
    mongo::run(ports.mongo(1), doc! { "replSetInitiate": set(nodes, ports) })
        .with_context(|| format!("the replica set cannot be made; the log: {}", engines.log(first.name()).display()))?;
    for node in nodes.numbers() {
        engines.process(&name(node))?.wait_until_ready(LIMIT)?;
    }
    first.wait("in a set with a primary", LIMIT, || Ok(primary(nodes, ports).is_some()))?;
    if router == Part::Wanted {
        let shim = engines.process(MONGOS)?;
        shim.start()?;
        shim.wait_until_ready(LIMIT)?;
    }
    Ok(())
}

/// Which member is the primary now: the one whose loss is worth a test.
pub(crate) fn primary(nodes: Nodes, ports: Ports) -> Option<String> {
    let is_primary =
        |node: &u16| mongo::hello(ports.mongo(*node)).is_ok_and(|hello| mongo::truth(&hello, "isWritablePrimary"));
    nodes.numbers().find(is_primary).map(name)
}

fn name(node: u16) -> String {
    format!("mongo-{node}")
}

fn set(nodes: Nodes, ports: Ports) -> Document {
    let member = |node: u16| doc! { "_id": i32::from(node - 1), "host": format!("127.0.0.1:{}", ports.mongo(node)) };
    doc! {
        "_id": SET,
        "members": nodes.numbers().map(member).collect::<Vec<_>>(),
        // Less than the usual ten seconds, so that a test of the primary's loss need not wait for them.
        "settings": { "electionTimeoutMillis": 2_000, "heartbeatIntervalMillis": 500 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_has_every_member_once() {
        let ports = Ports::from(24_000).unwrap();
        let set = set(Nodes::Three, ports);
        let hosts = set.get_array("members").unwrap().iter();
        let hosts: Vec<&str> = hosts.map(|member| member.as_document().unwrap().get_str("host").unwrap()).collect();
        assert_eq!(hosts, ["127.0.0.1:24051", "127.0.0.1:24052", "127.0.0.1:24053"]);
    }
}
