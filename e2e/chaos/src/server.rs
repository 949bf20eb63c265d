//! The real server as a process: started on free ports, killed, and started again on the same data.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use crate::api::Api;

/// A server that this run owns.
#[derive(Debug)]
pub struct Server {
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    address: SocketAddr,
    metrics: SocketAddr,
    child: Option<Child>,
}

impl Server {
    /// A server that is not started yet, with its data and its log in `folder`.
    pub fn new(folder: &Path) -> Result<Self> {
        let binary = std::env::var_os("SOTTO_BIN").context("SOTTO_BIN names no server binary")?.into();
        let (address, metrics) = (free_address()?, free_address()?);
        Ok(Self { binary, data: folder.join("data"), log: folder.join("server.log"), address, metrics, child: None })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it tells its figures.
    pub const fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// What it has logged in all its lives.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What it keeps.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it; it may not be ready yet.
    pub fn start(&mut self) -> Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.binary);
        // What the caller has set for a server of their own is not for this one.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SOTTO_")) {
            command.env_remove(name);
        }
        command
            .args(["serve", "--role", "all"])
            .env("SOTTO_LISTEN", self.address.to_string())
            .env("SOTTO_METRICS_LISTEN", self.metrics.to_string())
            .env("SOTTO_DATA_DIR", &self.data)
            .env("SOTTO_RATE_LIMITS", "off")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command.spawn().with_context(|| format!("{} cannot be started", self.binary.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until it answers that it is ready, and says how long that took.
    pub async fn ready(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let api = Api::new(self.address)?;
        loop {
            let answer = api.call("GET", "/readyz", None, None).await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(began.elapsed());
            }
            if let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
                bail!("the server ended at its start ({status}); its log: {}", self.log.display());
            }
            if began.elapsed() > Duration::from_mins(1) {
                bail!("the server was not ready after a minute; its log: {}", self.log.display());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills it at once: no signal it could catch, no time to write.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&mut self) -> Result<Option<ExitStatus>> {
        let Some(mut child) = self.child.take() else { return Ok(None) };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM)?;
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_mins(1) {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            sleep(Duration::from_millis(20)).await;
        }
        child.kill()?;
        child.wait()?;
        bail!("the server had not stopped after a minute")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody is left who could be told that this went wrong.
        let _ = self.kill();
    }
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?)
}
