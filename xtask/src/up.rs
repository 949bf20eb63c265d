//! `cargo xtask up`: from a clone to a running system, and a clean stop.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::setup::{self, Need};
use crate::tree::Tree;
use crate::{probe, progress};

/// How long the server may take until it answers; a big store takes some of it.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long the server may drain before it is ended by force.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(50);

/// How the server is built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Fast to run.
    #[default]
    Release,
    /// Fast to build.
    Dev,
}

/// Who is there when it starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum People {
    /// Whoever registered before; nobody on the first day.
    #[default]
    Own,
    /// Also the demo people and their conversations.
    Demo,
}

/// What `up` was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// How the server is built.
    pub(crate) profile: Profile,
    /// Who is there when it starts.
    pub(crate) people: People,
}

/// Sets up, builds, runs, and waits for the end.
pub(crate) fn up(tree: &Tree, options: Options) -> Result<ExitCode> {
    let listen = address("SOTTO_LISTEN", "127.0.0.1:8080")?;
    let metrics = address("SOTTO_METRICS_LISTEN", "127.0.0.1:9464")?;
    must_be_free(listen, "SOTTO_LISTEN")?;
    must_be_free(metrics, "SOTTO_METRICS_LISTEN")?;

    setup::ensure(tree, Need::WebDist)?;
    let profile = match options.profile {
        Profile::Release => "release",
        Profile::Dev => "debug",
    };
    setup::build_server(tree, profile, setup::Adapters::Embedded)?;

    let stop_asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop_asked))?;
    }

    let started = Instant::now();
    let mut server = command(tree, options, profile)
        .spawn()
        .with_context(|| format!("{} cannot be started", tree.binary(profile).display()))?;
    let probed = reachable(listen);
    while probe::get(probed, "/readyz") != Some(200) {
        if let Some(status) = server.try_wait()? {
            println!("The server ended at its start ({status}); its last line above says why.");
            return Ok(ExitCode::FAILURE);
        }
        if stop_asked.load(Ordering::Relaxed) {
            return stop(&mut server);
        }
        if started.elapsed() > START_LIMIT {
            let _ = server.kill();
            let _ = server.wait();
            bail!(
                "the server was not ready after {}: http://{probed}/readyz names what it waits for",
                progress::seconds(START_LIMIT)
            );
        }
        sleep(TICK);
    }
    announce(probed, reachable(metrics), started.elapsed());

    loop {
        if let Some(status) = server.try_wait()? {
            println!("The server ended by itself ({status}).");
            return Ok(ExitCode::FAILURE);
        }
        if stop_asked.load(Ordering::Relaxed) {
            return stop(&mut server);
        }
        sleep(TICK);
    }
}

/// The server with its settings; what the user has set wins.
fn command(tree: &Tree, options: Options, profile: &str) -> Command {
    let mut command = Command::new(tree.binary(profile));
    command.args(["serve", "--role", "all"]).stdin(Stdio::null());
    match options.people {
        People::Own => {}
        People::Demo => {
            command.arg("--demo");
        }
    }
    let defaults = [
        ("SOTTO_WEB_DIR", tree.at("web-client/dist").into_os_string()),
        ("SOTTO_DATA_DIR", tree.at("data").into_os_string()),
    ];
    for (name, value) in defaults {
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
    // Its own process group: Ctrl-C comes to us alone, and we pass it on once.
    command.process_group(0);
    command
}

fn announce(listen: SocketAddr, metrics: SocketAddr, took: Duration) {
    println!();
    println!("Sotto is ready (it started in {}).", progress::seconds(took));
    println!();
    println!("  the app        http://{listen}");
    println!("  the API        http://{listen}/api/docs");
    println!("  the metrics    http://{metrics}/metrics");
    println!();
    println!("Ctrl-C stops it.");
    println!();
}

/// Asks the server to drain and end, waits, and says how it went.
fn stop(server: &mut Child) -> Result<ExitCode> {
    println!("Stopping ...");
    let started = Instant::now();
    if let Some(pid) = i32::try_from(server.id()).ok().and_then(Pid::from_raw) {
        // It may have ended in this very moment, which is as well.
        let _ = kill_process(pid, Signal::TERM);
    }
    while started.elapsed() < STOP_LIMIT {
        if let Some(status) = server.try_wait()? {
            if status.success() {
                println!("Stopped cleanly in {}.", progress::seconds(started.elapsed()));
                return Ok(ExitCode::SUCCESS);
            }
            println!("The server did not stop cleanly ({status}).");
            return Ok(ExitCode::FAILURE);
        }
        sleep(TICK);
    }
    server.kill().context("the server cannot be ended")?;
    server.wait()?;
    println!("The server had not stopped after {} and was ended by force.", progress::seconds(STOP_LIMIT));
    Ok(ExitCode::FAILURE)
}

fn address(name: &str, default: &str) -> Result<SocketAddr> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let mut found = text.to_socket_addrs().with_context(|| format!("{name}={text} is no address such as {default}"))?;
    found.next().with_context(|| format!("{name}={text} names no address"))
}

/// Where a listening address can be reached from this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        other => other.ip(),
    };
    SocketAddr::new(ip, listen.port())
}

fn must_be_free(address: SocketAddr, setting: &str) -> Result<()> {
    // Before the build, for nobody wants to wait minutes for this answer.
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "{address} is taken by another program: stop that one, or choose another with {setting}=127.0.0.1:PORT"
            )
        }
        Err(error) => Err(error).with_context(|| format!("{setting}={address} cannot be listened on")),
    }
}
