//! What faults are done to: engines and pods of one process, started from a folder and a range of ports of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sotto_engines::pods::{self, Pods};
use sotto_engines::{Condition, Engines, PORT_BASE, Part, Plan, Ports, Process, Redis, Variable};

use crate::api::Api;
use crate::device::Server;

/// The pods that serve people.
pub const APIS: [&str; 2] = ["api-1", "api-2"];
/// The pods that write.
pub const WORKERS: [&str; 2] = ["worker-1", "worker-2"];
/// Where the ports begin, if nothing is said: away from the cluster that someone tries things out with.
const BASE: u16 = 30_000;
/// nginx, which nothing here speaks to, has the last port of the range.
const GATEWAY: u16 = 125;
/// How long anything may take to be ready again.
const LIMIT: Duration = Duration::from_mins(2);
/// How long clients wait for an answer over HTTP.
const PATIENCE: Duration = Duration::from_secs(12);

/// Engines and pods. Cheap to clone; dropping it stops nothing.
#[derive(Debug, Clone)]
pub struct Rig {
    /// All processes, by their names.
    pub engines: Engines,
}

/// What a rig is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Where data and logs lie.
    pub folder: &'a Path,
    /// The server's program.
    pub binary: &'a Path,
    /// Which Redis.
    pub cache: Redis,
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
        let plan = Plan { redis: vec![made_of.cache], mongos: Part::Left, ..Plan::cluster(folder.clone(), ports) };
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
        let rig = Self { engines: Engines::start(&plan)? };
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
            let port = self.process(name)?.spec()?.ports.first().copied().context("a pod without a port")?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            Ok((address, Api::patient(address, PATIENCE)?))
        };
        APIS.iter().map(server).collect()
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
        processes.iter().try_for_each(|process| process.wait_until_ready(LIMIT))
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

    /// How many entries were buried, as the pods know it; they look every few seconds.
    pub async fn dead_letters(&self) -> Result<u64> {
        let mut dead = None;
        for name in APIS.iter().chain(&WORKERS) {
            let port = self.process(name)?.spec()?.ports.get(1).copied().context("a pod without figures")?;
            let text = Api::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?.text("/metrics").await?;
            let values = text.lines().filter_map(|line| line.strip_prefix("sotto_dead_letters "));
            let values = values.filter_map(|value| value.trim().split('.').next()?.parse().ok());
            dead = dead.into_iter().chain(values).max();
        }
        let Some(dead) = dead else { bail!("no pod says how many entries were buried") };
        Ok(dead)
    }

    /// The logs of the pods.
    pub fn pod_logs(&self) -> Vec<PathBuf> {
        APIS.iter().chain(&WORKERS).map(|name| self.engines.log(name)).collect()
    }
}
