//! What faults are done to: engines and pods of one process, started from a folder and a range of ports of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
pub use sotto_engines::Redis;
use sotto_engines::pods::{self, Pods};
use sotto_engines::{Condition, Engines, PORT_BASE, Part, Plan, Ports, Process, Variable};

use crate::api::Api;
use crate::detour::{self, Length};
use crate::device::Server;
use crate::faults;
use crate::settings::stopped;

/// The pods that serve people.
pub const APIS: [&str; 2] = ["api-1", "api-2"];
/// The pods that write.
pub const WORKERS: [&str; 2] = ["worker-1", "worker-2"];
/// Where the ports begin, if nothing is said: away from the cluster that someone tries things out with.
const BASE: u16 = 30_000;
/// The pod that is reached over a detour only.
pub const FAR: &str = "api-2";
/// The last ports of the range: nginx, which nothing here speaks to, and the detour.
const GATEWAY: u16 = 125;
const DETOUR: u16 = 126;
const CACHE: &str = "SOTTO_CACHE";
/// How long anything may take to be ready again.
const LIMIT: Duration = Duration::from_mins(2);
/// How long clients wait for an answer over HTTP.
const PATIENCE: Duration = Duration::from_secs(12);

/// Engines and pods. Cheap to clone; dropping it stops nothing.
#[derive(Debug, Clone)]
pub struct Rig {
    /// All processes, by their names.
    pub engines: Engines,
    /// How long the way to [`FAR`] is.
    pub detour: Length,
    /// Set when this program is to end: no fault begins any more.
    pub ending: Arc<AtomicBool>,
}

/// What a rig is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Where data and logs lie.
    pub folder: &'a Path,
    /// The server's program.
    pub binary: &'a Path,
    /// Which kinds of Redis; the pods begin with the first.
    pub caches: Vec<Redis>,
    /// Further settings of the pods.
    pub settings: Vec<Variable>,
}

impl Rig {
    /// Starts everything, after ending what an earlier run may have left there.
    pub fn start(made_of: Parts<'_>) -> Result<Self> {
        let folder = std::path::absolute(made_of.folder)?;
        if Engines::are_in(&folder) {
            Engines::attach(&folder)?.discard()?;
        }
        let ports = if std::env::var_os(PORT_BASE).is_some() { Ports::from_environment() } else { Ports::from(BASE) }?;
        let plan = Plan { redis: made_of.caches, mongos: Part::Left, ..Plan::cluster(folder.clone(), ports) };
        std::fs::create_dir_all(&folder)?;
        // Of our own: whoever builds the server meanwhile must not change what is started again.
        let binary = folder.join("sotto");
        std::fs::copy(made_of.binary, &binary)
            .with_context(|| format!("{} cannot be read", made_of.binary.display()))?;
        let chosen = [("SOTTO_RATE_LIMITS", "off"), ("SOTTO_PARTITIONS", "8"), ("SOTTO_WEB_DIR", "")];
        let mut own: Vec<Variable> = chosen.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        own.extend(made_of.settings);
        let pods = Pods { binary, web: folder, port: ports.base() + GATEWAY, own };
        pods::must_be_free(ports, &pods)?;
        let rig = Self { engines: Engines::start(&plan)?, detour: Length::default(), ending: Arc::default() };
        if let Err(error) = pods::start(&rig.engines, &pods) {
            rig.engines.discard()?;
            return Err(error);
        }
        Ok(rig)
    }

    /// A process by its name.
    pub fn process(&self, name: &str) -> Result<Process> {
        self.engines.process(name)
    }

    /// The pods that clients connect to.
    pub fn servers(&self) -> Result<Vec<Server>> {
        let server = |name: &&str| {
            let address = if *name == FAR { self.far() } else { self.address(name)? };
            Ok((address, Api::patient(address, PATIENCE)?))
        };
        APIS.iter().map(server).collect()
    }

    /// Whether this program is to end.
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Returns when everything is done, or cannot be: the detour is gone, or someone asks a second time for the end.
    pub async fn attend<T>(&self, all: impl Future<Output = Result<T>>) -> Result<T> {
        let asked_twice = async {
            stopped().await;
            // A fault that is under way would start again what was ended.
            self.ending.store(true, Ordering::Relaxed);
            stopped().await;
        };
        tokio::select! {
            outcome = all => outcome,
            end = self.lead() => end.and(Err(anyhow!("the detour ended"))),
            () = asked_twice => Err(anyhow!("stopped before its end")),
        }
    }

    /// Leads clients to [`FAR`], as long as it is waited for.
    async fn lead(&self) -> Result<()> {
        detour::lead(self.far(), self.address(FAR)?, self.detour.clone()).await
    }

    fn far(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.engines.ports().base() + DETOUR))
    }

    fn address(&self, name: &str) -> Result<SocketAddr> {
        let port = self.process(name)?.spec()?.ports.first().copied().context("a pod without a port")?;
        Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Has the pods use a kind of Redis.
    pub fn use_cache(&self, kind: Redis) -> Result<()> {
        let test = match kind {
            Redis::Standalone => "SOTTO_TEST_CACHE",
            Redis::Sentinel => "SOTTO_TEST_CACHE_SENTINEL",
            Redis::Cluster => "SOTTO_TEST_CACHE_CLUSTER",
        };
        let settings = self.engines.test_settings();
        let (_, url) = settings.into_iter().find(|(name, _)| name == test).context("this Redis was not started")?;
        if self.cache()? == url { Ok(()) } else { self.retell_pods(CACHE, &url) }
    }

    fn cache(&self) -> Result<String> {
        let env = self.process(FAR)?.spec()?.env;
        let last = env.into_iter().rev().find(|(name, _)| name == CACHE);
        last.map(|(_, url)| url).context("a pod without a cache")
    }

    /// The Redis servers that the pods use.
    pub fn redis_nodes(&self) -> Vec<Process> {
        let prefix = if self.cache().is_ok_and(|url| url.contains("cluster")) { "redis-cluster-" } else { "redis-" };
        let is_used = |name: &str| name.strip_prefix(prefix).is_some_and(|number| number.parse::<u8>().is_ok());
        self.engines.processes().into_iter().filter(|process| is_used(process.name())).collect()
    }

    /// Those of them that say that they are masters.
    pub fn redis_masters(&self) -> Vec<Process> {
        let used: Vec<String> = self.redis_nodes().iter().map(|node| node.name().to_owned()).collect();
        let masters = self.engines.redis_masters().into_iter();
        masters.filter(|master| used.iter().any(|name| name == master.name())).collect()
    }

    /// Whether it takes writes.
    pub fn is_redis_whole(&self) -> bool {
        let nodes = self.redis_nodes();
        let asks = |node: &Process, command: &str| self.engines.ask_redis(node, command).unwrap_or_default();
        if nodes.len() > 3 {
            return nodes.iter().all(|node| asks(node, "CLUSTER INFO").contains("cluster_state:ok"));
        }
        let masters = self.redis_masters();
        masters.len() == 1 && masters.iter().all(|master| asks(master, "SET chaos 1 PX 1000") == "OK")
    }

    /// Ends every fault: what is paused goes on, what is down is started. Returns when all of it can be used.
    pub fn heal(&self) -> Result<()> {
        let processes = self.engines.processes();
        for process in &processes {
            match process.condition() {
                Condition::Up => {}
                Condition::Paused => process.resume()?,
                Condition::Down => process.start()?,
            }
        }
        processes.iter().try_for_each(|process| process.wait_until_ready(LIMIT))?;
        faults::redis::wait_until_whole(self)
    }

    /// Changes a setting of all pods, and restarts them.
    pub fn retell_pods(&self, name: &str, value: &str) -> Result<()> {
        for pod in APIS.iter().chain(&WORKERS) {
            self.process(pod)?.retell(&[(name.to_owned(), value.to_owned())])?;
        }
        self.restart_pods()
    }

    /// Kills all pods at once, and starts them again.
    pub fn restart_pods(&self) -> Result<()> {
        let names = APIS.iter().chain(&WORKERS);
        let pods: Vec<Process> = names.map(|name| self.process(name)).collect::<Result<_>>()?;
        pods.iter().try_for_each(Process::kill)?;
        pods.iter().try_for_each(Process::start)?;
        pods.iter().try_for_each(|pod| pod.wait_until_ready(LIMIT))
    }

    /// What the pods say of themselves.
    pub async fn figures(&self) -> Result<Figures> {
        let (mut figures, mut says) = (Figures::default(), 0);
        for name in APIS.iter().chain(&WORKERS) {
            let port = self.process(name)?.spec()?.ports.get(1).copied().context("a pod without figures")?;
            let text = Api::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?.text("/metrics").await?;
            for dead in values(&text, "sotto_dead_letters") {
                figures.buried = figures.buried.max(dead);
                says += 1;
            }
            figures.useless += values(&text, "sotto_pod_events_useless_total").sum::<u64>();
        }
        ensure!(says > 0, "no pod says how many entries were buried");
        Ok(figures)
    }

    /// The logs of the pods.
    pub fn pod_logs(&self) -> Vec<PathBuf> {
        APIS.iter().chain(&WORKERS).map(|name| self.engines.log(name)).collect()
    }
}

/// What pods say of themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many entries were buried; they look every few seconds.
    pub buried: u64,
    /// How many events reached a pod that had nobody to give them to, since it was started.
    pub useless: u64,
}

/// The values of a figure in what a pod says of itself: one for each combination of labels.
pub fn values<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = u64> + 'a {
    let values = text.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '));
    values.filter_map(|value| value.trim().split('.').next()?.parse().ok())
}
