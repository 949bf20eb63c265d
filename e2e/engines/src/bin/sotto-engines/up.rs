//! Starts engines, and pods on them if they are wanted, and leaves them running.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use sotto_engines::pods::{self, Pods};
use sotto_engines::{Engines, PORT_BASE, Plan, Ports};

use crate::{Arguments, show, status};

/// Where nginx listens if nothing else is said.
const GATEWAY: u16 = 8_088;
/// The variable that says otherwise.
const GATEWAY_PORT: &str = "SOTTO_CLUSTER_PORT";

/// Starts what is not there yet.
pub(crate) fn up(arguments: &Arguments) -> Result<ExitCode> {
    let folder = &arguments.folder;
    if Engines::are_in(folder) && Engines::attach(folder)?.is_any_up() {
        println!("It is up already.");
        println!();
        return status(folder);
    }
    let pods = match &arguments.pods {
        Some(binary) => Some(wanted(binary, arguments.web.as_ref(), port()?)?),
        None => None,
    };
    let ports = Ports::from_environment()?;
    if let Some(pods) = &pods {
        pods::must_be_free(ports, pods)
            .with_context(|| format!("{GATEWAY_PORT} and {PORT_BASE} choose other ports"))?;
    }
    let plan = Plan::cluster(folder.clone(), ports).with_cache(arguments.cache);
    let began = Instant::now();
    println!("Starting RabbitMQ, MongoDB, Redis and S3 ...");
    let engines = Engines::start(&plan)?;
    println!("They are ready after {:.1} s.", began.elapsed().as_secs_f64());
    match pods {
        None => {
            println!();
            print!("{}", show::exports(&engines)?);
            println!();
        }
        Some(pods) => {
            let began = Instant::now();
            println!("Starting the pods ...");
            if let Err(error) = pods::start(&engines, &pods) {
                engines.discard()?;
                return Err(error);
            }
            println!("They are ready after {:.1} s.", began.elapsed().as_secs_f64());
            println!();
            println!("  the app     {}", pods.url());
            println!("  the API     {}/api/docs", pods.url());
        }
    }
    println!("  the logs    {}", engines.logs().display());
    println!("  what runs   cargo xtask cluster status");
    println!("  an end      cargo xtask cluster down");
    Ok(ExitCode::SUCCESS)
}

fn port() -> Result<u16> {
    match std::env::var(GATEWAY_PORT) {
        Ok(text) => text.parse().with_context(|| format!("{GATEWAY_PORT}={text} is no port")),
        Err(_) => Ok(GATEWAY),
    }
}

/// The pods that are asked for, behind that port, with the caller's own settings.
pub(crate) fn wanted(binary: &std::path::Path, web: Option<&PathBuf>, port: u16) -> Result<Pods> {
    let web = web.context("--pods needs --web")?.clone();
    let own = std::env::vars()
        .filter(|(name, _)| name.starts_with("SOTTO_") && ![PORT_BASE, GATEWAY_PORT].contains(&name.as_str()));
    Ok(Pods { binary: std::path::absolute(binary)?, web: std::path::absolute(web)?, port, own: own.collect() })
}
