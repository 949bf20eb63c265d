//! Runs a program between the start and the end of a set of engines.

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use sotto_engines::pods;
use sotto_engines::{Engines, Plan, Ports, Variable, is_free};

use crate::Arguments;
use crate::up::wanted;

/// Where nginx listens, from the first port on: the last of the range.
const GATEWAY: u16 = 125;
/// With these set, whoever calls has engines of their own.
const ENOUGH: [&str; 4] = ["SOTTO_TEST_STORE", "SOTTO_TEST_QUEUE", "SOTTO_TEST_CACHE", "SOTTO_TEST_BLOBS"];

/// Starts the engines, runs the program, and stops them, however it ends. Its exit code is ours.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { folder, rest: program, .. } = arguments;
    let stop_asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop_asked))?;
    }
    if arguments.pods.is_none() && ENOUGH.iter().all(|name| std::env::var_os(name).is_some()) {
        println!("Using the engines that {} name.", ENOUGH.join(", "));
        return watch(program, Vec::new(), &stop_asked);
    }
    if Engines::are_in(folder) {
        println!("Stopping what an earlier run has left behind.");
        Engines::attach(folder)?.discard()?;
    }
    let began = Instant::now();
    let ports = free_ports()?;
    let plan = match arguments.pods {
        Some(_) => Plan::cluster(folder.clone(), ports).with_cache(arguments.cache),
        None => Plan::conformance(folder.clone(), ports),
    };
    let engines = Engines::start(&plan)?;
    println!("RabbitMQ, MongoDB, Redis and S3 are ready after {:.1} s.", began.elapsed().as_secs_f64());
    let outcome = told(&engines, arguments).and_then(|variables| watch(program, variables, &stop_asked));
    engines.discard()?;
    println!("RabbitMQ, MongoDB, Redis and S3 are stopped; their logs: {}", engines.logs().display());
    outcome
}

/// What the program is told; the pods stand by then, if they are wanted.
fn told(engines: &Engines, arguments: &Arguments) -> Result<Vec<Variable>> {
    let Some(binary) = &arguments.pods else { return Ok(engines.test_settings()) };
    let pods = wanted(binary, arguments.web.as_ref(), engines.ports().base() + GATEWAY)?;
    pods::start(engines, &pods)?;
    println!("The pods are ready: {}", pods.url());
    // For tests that look at what the engines keep.
    let own = std::env::current_exe()?;
    Ok([
        ("SOTTO_URL", pods.url()),
        ("SOTTO_ENGINES_FOLDER", arguments.folder.display().to_string()),
        ("SOTTO_ENGINES_BIN", own.display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into())
}

fn watch(program: &[String], variables: Vec<Variable>, stop_asked: &AtomicBool) -> Result<ExitCode> {
    let Some((name, args)) = program.split_first() else { bail!("`run --` needs a program") };
    let mut command = Command::new(name);
    // What whoever calls has set wins.
    let variables = variables.into_iter().filter(|(name, _)| std::env::var_os(name).is_none());
    let mut child = command.args(args).envs(variables).spawn().with_context(|| format!("{name} cannot be started"))?;
    let mut asked = false;
    loop {
        if let Some(status) = child.try_wait()? {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            return Ok(code.map_or(ExitCode::FAILURE, ExitCode::from));
        }
        if stop_asked.load(Ordering::Relaxed) && !asked {
            asked = true;
            if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        sleep(Duration::from_millis(50));
    }
}

/// A place for all ports next to whatever else runs, such as a cluster that someone tries things out with.
fn free_ports() -> Result<Ports> {
    let mut ports = Ports::from_environment()?;
    while !ports.all().all(is_free) {
        ports = ports.next().context("there are not enough free ports")?;
    }
    Ok(ports)
}
