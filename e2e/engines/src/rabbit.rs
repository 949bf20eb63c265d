//! RabbitMQ: one node, or a cluster of three, with an Erlang port mapper of its own.

use std::fmt::Write;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::ask::{Ready, http};
use crate::engines::{Engines, joined};
use crate::plan::{Nodes, Ports};
use crate::process::{Spec, kill_if};
use crate::site::{Site, program, random_hex, write_private};

/// On a machine that compiles at the same time, a start takes its time.
const LIMIT: Duration = Duration::from_mins(2);
/// What the nodes take for their home: in it lies the cookie that they share.
const HOME: &str = "rabbit";
/// The port mapper's name.
pub(crate) const EPMD: &str = "epmd";
/// Where Debian keeps the script itself; the one in the path changes the user and the folder first.
const SCRIPT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Erlang's port mapper, then the nodes.
pub(crate) fn specs(site: &Site, nodes: Nodes) -> Result<Vec<Spec>> {
    let script = program("SOTTO_RABBITMQ", &[SCRIPT, "rabbitmq-server"])?;
    let ports = site.ports;
    let shared = site.home(HOME)?;
    write_private(&shared.join(".erlang.cookie"), &random_hex(16)?)?;
    let mapper = [
        ("HOME", shared.to_string_lossy().into_owned()),
        ("ERL_EPMD_PORT", ports.epmd().to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
    ];
    let mapper = mapper.map(|(name, value)| (name.to_owned(), value));

    let mut epmd = site.spec(EPMD, &program("SOTTO_EPMD", &[EPMD])?, &[ports.epmd()], Ready::Port(ports.epmd()))?;
    epmd.args = ["-port", &ports.epmd().to_string(), "-address", "127.0.0.1"].map(str::to_owned).into();
    let mut specs = vec![epmd];
    for node in nodes.numbers() {
        let name = name(node);
        let all = [ports.amqp(node), ports.management(node), ports.rabbit_metrics(node), ports.distribution(node)];
        let mut spec = site.spec(&name, &script, &all, Ready::Port(ports.amqp(node)))?;
        std::fs::write(spec.dir.join("rabbitmq.conf"), config(node, ports))?;
        std::fs::write(spec.dir.join("enabled_plugins"), "[rabbitmq_management,rabbitmq_prometheus].\n")?;
        let home = spec.dir.to_string_lossy().into_owned();
        let own = [
            // The script then becomes the server, where it would otherwise stand before it: one process to signal.
            ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
            ("RABBITMQ_NODENAME", format!("{name}@localhost")),
            ("RABBITMQ_NODE_PORT", ports.amqp(node).to_string()),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
            ("RABBITMQ_DIST_PORT", ports.distribution(node).to_string()),
            ("RABBITMQ_MNESIA_BASE", home.clone()),
            ("RABBITMQ_LOG_BASE", home.clone()),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", format!("{home}/enabled_plugins")),
            ("RABBITMQ_CONFIG_FILE", format!("{home}/rabbitmq")),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
            ("RABBITMQ_PID_FILE", format!("{home}/pid")),
            // Two threads without busy waiting: it shares the machine with eleven others.
            (
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}".to_owned(),
            ),
        ];
        spec.env = mapper.iter().cloned().chain(own.map(|(name, value)| (name.to_owned(), value))).collect();
        specs.push(spec);
    }
    Ok(specs)
}

/// Starts the first node alone and the others then: nodes that form a cluster at once wait for a lock, up to 40 s.
pub(crate) fn assemble(engines: &Engines, nodes: Nodes) -> Result<()> {
    let ports = engines.ports();
    let start = |name: &str| -> Result<()> {
        let process = engines.process(name)?;
        process.start()?;
        process.wait_until_ready(LIMIT)
    };
    start(EPMD)?;
    start(&name(1))?;
    let others = nodes.numbers().skip(1);
    thread::scope(|scope| {
        let starts: Vec<_> = others.map(|node| scope.spawn(move || start(&name(node)))).collect();
        starts.into_iter().try_for_each(|start| joined(start.join()))
    })?;
    let count = nodes.numbers().count();
    for node in nodes.numbers() {
        // A node that finds no other starts alone, and says nothing.
        let sees_all = || Ok(running(ports.management(node))? == count);
        engines.process(&name(node))?.wait("in a cluster with the others", LIMIT, sees_all)?;
    }
    Ok(())
}

/// Ends a port mapper that a node has put in the place of ours, when ours was killed.
pub(crate) fn sweep(site: &Site) -> Result<()> {
    // It has the node's environment, and no other set has this home.
    let port = format!("ERL_EPMD_PORT={}", site.ports.epmd());
    let home = format!("HOME={}", site.data().join(HOME).display());
    let is_ours = |pid: i32| {
        let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let environment = read("environ");
        let has = |variable: &str| environment.split(|byte| *byte == 0).any(|found| found == variable.as_bytes());
        read("comm") == b"epmd\n" && has(&port) && has(&home)
    };
    for entry in std::fs::read_dir("/proc")?.flatten() {
        if let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            kill_if(pid, || is_ours(pid))?;
        }
    }
    Ok(())
}

/// How many nodes a node knows to be running.
fn running(management: u16) -> Result<usize> {
    let answer = http::get_as_guest(management, "/api/nodes")?;
    let nodes: Vec<serde_json::Value> = serde_json::from_str(&answer.body)?;
    Ok(nodes.iter().filter(|node| node.get("running").and_then(serde_json::Value::as_bool) == Some(true)).count())
}

fn name(node: u16) -> String {
    format!("rabbit-{node}")
}

fn config(node: u16, ports: Ports) -> String {
    let mut text = format!(
        "listeners.tcp.default = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {metrics}
# Below them it stops whoever publishes: far enough away for tests, near enough to spare the machine.
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 1GB
cluster_name = sotto
cluster_partition_handling = pause_minority
collect_statistics_interval = 30000
log.file = false
log.console = true
log.console.level = info
",
        amqp = ports.amqp(node),
        management = ports.management(node),
        metrics = ports.rabbit_metrics(node),
    );
    if node > 1 {
        // The first and itself only: the lock it takes is then not the third's too.
        let first = name(1);
        let own = name(node);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = {first}@localhost
cluster_formation.classic_config.nodes.2 = {own}@localhost
"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_later_nodes_look_for_the_first_and_all_listen_on_loopback() {
        let ports = Ports::from(24_000).unwrap();
        assert!(!config(1, ports).contains("cluster_formation"));
        let third = config(3, ports);
        assert!(third.contains("nodes.1 = rabbit-1@localhost\n") && third.contains("nodes.2 = rabbit-3@localhost\n"));
        assert!(third.contains("listeners.tcp.default = 127.0.0.1:24003\n"));
        assert!(third.contains("cluster_partition_handling = pause_minority\n"));
    }
}
