//! Breaks a cluster of pods (`SOTTO_BIN`) and engines under load, for `SOTTO_SECONDS` (60) a seed, over `SOTTO_SEEDS` (1)
//! seeds from `SOTTO_SEED` on, and checks what every client saw.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use sotto_chaos::checker;
use sotto_chaos::dice::Dice;
use sotto_chaos::faults::deck;
use sotto_chaos::keep::{accepted, entries, keep, keys_line};
use sotto_chaos::keys::Mishaps;
use sotto_chaos::own_net;
use sotto_chaos::rig::{Parts, Rig};
use sotto_chaos::settings::number;
use sotto_chaos::siege::Siege;
use sotto_engines::Redis;
use tokio::task::spawn_blocking;

const FOLDER: &str = "build/faults";
/// The fewest faults a seed may have.
const FAULTS: usize = 5;
/// Of a hundred faults, how many are joined by another.
const JOINED: u64 = 25;
/// Which Redis: of even seeds, and of odd ones.
const CACHES: [Redis; 2] = [Redis::Sentinel, Redis::Cluster];

/// For how long a late convergence is watched.
const WATCH: Duration = Duration::from_mins(2);

fn main() -> Result<ExitCode> {
    own_net::enter()?;
    tokio::runtime::Runtime::new()?.block_on(run())
}

async fn run() -> Result<ExitCode> {
    let binary: PathBuf = std::env::var_os("SOTTO_BIN").context("SOTTO_BIN names no server binary")?.into();
    println!("faults: starting RabbitMQ, MongoDB, Redis, S3 and four pods");
    let start = move || {
        Rig::start(Parts { folder: Path::new(FOLDER), binary: &binary, caches: CACHES.into(), settings: Vec::new() })
    };
    let rig = spawn_blocking(start).await??;
    let outcome = rig.attend(all(&rig)).await;
    spawn_blocking(move || rig.engines.discard()).await??;
    outcome
}

async fn all(rig: &Rig) -> Result<ExitCode> {
    let first = number("SOTTO_SEED")?.unwrap_or_else(|| u64::from(std::process::id()));
    let seeds = number("SOTTO_SEEDS")?.unwrap_or(1);
    let lasts = Duration::from_secs(number("SOTTO_SECONDS")?.unwrap_or(60));
    let mut failed = 0;
    for seed in first..first + seeds {
        println!("seed {seed} (SOTTO_SEED={seed} throws the same dice again)");
        let holds = match one(rig, seed, lasts).await {
            Ok(holds) => holds,
            Err(error) => {
                println!("  seed {seed} broke off: {error:#}");
                if rig.is_ending() {
                    anyhow::bail!("stopped before its end");
                }
                let rig = rig.clone();
                spawn_blocking(move || rig.heal()).await??;
                false
            }
        };
        failed += u64::from(!holds);
    }
    println!("{} of {seeds} seeds hold", seeds - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a seed holds.
async fn one(rig: &Rig, seed: u64, lasts: Duration) -> Result<bool> {
    let deck = deck(&mut Dice::new(seed ^ 0xDECC));
    let cache = if seed.is_multiple_of(2) { CACHES[0] } else { CACHES[1] };
    let mishaps = Mishaps::default();
    let siege = Siege { seed, lasts, faults: FAULTS, deck, joined: JOINED, cache, mishaps, watch: WATCH };
    let outlook = siege.lay(rig, |line| println!("  {line}")).await?;
    let mut findings: Vec<String> = checker::check(&outlook.run).iter().map(ToString::to_string).collect();
    findings.extend(outlook.complaints);
    let took = outlook.converged.map_or_else(|| "never".to_owned(), |took| format!("{:.1} s", took.as_secs_f64()));
    println!(
        "  seed {seed} ({cache:?}): {} acknowledged, {} entries, {} faults, converged {took}, {} useless events, {} violations",
        accepted(&outlook.run),
        entries(&outlook.run),
        outlook.faults.len(),
        outlook.figures.useless,
        findings.len()
    );
    println!("  {}", keys_line(&checker::reading(&outlook.run)));
    if findings.is_empty() {
        return Ok(true);
    }
    let mut logs = rig.pod_logs();
    logs.extend(["redis-1", "redis-2", "redis-3"].map(|name| rig.engines.log(name)));
    let kept = keep(&outlook.run, seed, (&logs, &outlook.faults, &findings))?;
    for finding in findings.iter().take(20) {
        println!("  VIOLATION {finding}");
    }
    println!("  the history is kept in {kept}");
    Ok(false)
}
