//! The processes of a side: started on free ports, waited for, and ended with it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use sotto_chaos::api::Api;
use tempfile::TempDir;
use tokio::time::sleep;

use super::engines::Engines;
use super::figures::Side;
use crate::system::{Parts, System};

/// Gateways, or pods, of either side; each has one worker besides.
const GATEWAYS: usize = 2;
/// Partitions of either side: few, for as small a machine. The peer bears the most with as many, too.
const PARTITIONS: &str = "2";
const READY_LIMIT: Duration = Duration::from_mins(2);
const END_LIMIT: Duration = Duration::from_secs(30);

/// A side that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// What can be put under load.
    pub(crate) system: System,
    processes: Vec<Process>,
    _folder: TempDir,
}

/// One process of it.
#[derive(Debug)]
struct Process {
    child: Child,
    log: PathBuf,
    /// Any of these says when it is ready.
    addresses: [SocketAddr; 2],
}

#[derive(Debug, Clone, Copy)]
enum Role {
    Gateway,
    Worker,
}

impl Running {
    /// Starts a side's processes, and waits until all are ready.
    pub(crate) async fn start(side: Side, engines: &Engines) -> Result<Self> {
        let bench = Path::new("build/bench");
        std::fs::create_dir_all(bench)?;
        let folder = tempfile::Builder::new().prefix("side-").tempdir_in(bench)?;
        if side == Side::Sotto {
            migrate(engines)?;
        }
        let roles = std::iter::repeat_n(Role::Gateway, GATEWAYS).chain([Role::Worker]);
        let mut processes = Vec::new();
        for (number, role) in roles.enumerate() {
            processes.push(Process::start(side, (role, number), engines, folder.path())?);
        }
        for process in &mut processes {
            process.ready().await?;
        }
        let gateways = processes.iter().take(GATEWAYS);
        let addresses = |which: usize| -> Vec<SocketAddr> {
            gateways.clone().filter_map(|process| process.addresses.get(which).copied()).collect()
        };
        let parts = Parts {
            gateways: gateways.clone().map(|process| process.child.id()).collect(),
            workers: processes.iter().skip(GATEWAYS).map(|process| process.child.id()).collect(),
            engines: engines.pids.clone(),
        };
        let mut system = System::new(&addresses(0), parts)?;
        if side == Side::Sotto {
            system = system.with_figures(&addresses(1))?;
        }
        Ok(Self { system, processes, _folder: folder })
    }

    /// Ends them.
    pub(crate) async fn stop(mut self) -> Result<()> {
        for process in &self.processes {
            if let Some(pid) = i32::try_from(process.child.id()).ok().and_then(Pid::from_raw) {
                kill_process(pid, Signal::TERM)?;
            }
        }
        let began = Instant::now();
        for process in &mut self.processes {
            while process.child.try_wait()?.is_none() {
                if began.elapsed() > END_LIMIT {
                    bail!("a process had not ended after {END_LIMIT:?}; its log: {}", process.log.display());
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(())
    }
}

impl Process {
    fn start(side: Side, (role, number): (Role, usize), engines: &Engines, folder: &Path) -> Result<Self> {
        let addresses = [free_address()?, free_address()?];
        let mut command = match side {
            Side::Peer => peer(role, addresses),
            Side::Sotto => sotto(role, addresses, &folder.join(format!("data-{number}")))?,
        };
        let name = format!("{side:?}-{role:?}-{number}.log").to_lowercase();
        let log = Path::new("build/bench").join(name);
        let file = File::create(&log)?;
        command.envs(engines.settings.iter().cloned());
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("{command:?} cannot be started"))?;
        Ok(Self { child, log, addresses })
    }

    async fn ready(&mut self) -> Result<()> {
        let apis = [Api::new(self.addresses[0])?, Api::new(self.addresses[1])?];
        let began = Instant::now();
        while began.elapsed() < READY_LIMIT {
            for api in &apis {
                if api.call("GET", "/readyz", None, None).await.is_ok_and(|answer| answer.status == 200) {
                    return Ok(());
                }
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("a process ended at its start ({status}); its log: {}", self.log.display());
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("a process was not ready after {READY_LIMIT:?}; its log: {}", self.log.display())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody is left who could be told that this went wrong.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peer(role: Role, [address, _]: [SocketAddr; 2]) -> Command {
    let mut command = clean("node");
    let script = match role {
        Role::Gateway => "src/gateway.js",
        Role::Worker => "src/worker.js",
    };
    command.arg(script).current_dir("e2e/peer");
    command.env("NODE_ENV", "production").env("PORT", address.port().to_string()).env("PEER_PARTITIONS", PARTITIONS);
    command
}

/// Brings Sotto's store up to date.
fn migrate(engines: &Engines) -> Result<()> {
    let mut command = clean(binary()?);
    command.arg("migrate").envs(engines.settings.iter().cloned()).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    if !output.status.success() {
        bail!("`sotto migrate` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn binary() -> Result<OsString> {
    std::env::var_os("SOTTO_BIN").context("SOTTO_BIN names no server binary")
}

fn sotto(role: Role, [address, metrics]: [SocketAddr; 2], data: &Path) -> Result<Command> {
    let mut command = clean(binary()?);
    let role = match role {
        Role::Gateway => "api",
        Role::Worker => "worker",
    };
    command
        .args(["serve", "--role", role])
        .env("SOTTO_LISTEN", address.to_string())
        .env("SOTTO_METRICS_LISTEN", metrics.to_string())
        .env("SOTTO_DATA_DIR", data)
        .env("SOTTO_ALLOW_PLAINTEXT", "true")
        .env("SOTTO_RATE_LIMITS", "off")
        .env("SOTTO_PARTITIONS", PARTITIONS)
        // As many threads as a Node.js process has that runs JavaScript.
        .env("TOKIO_WORKER_THREADS", "1");
    Ok(command)
}

/// A command without what the caller has set for a server of their own.
fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SOTTO_")) {
        command.env_remove(name);
    }
    command
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?)
}
