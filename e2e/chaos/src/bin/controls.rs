//! Negative controls: a server (`SOTTO_BIN`, with the feature `sabotage`) that has a defect must be found out, each within
//! `SOTTO_TRIES` (3) sieges, or the checker is worth nothing.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sotto_chaos::checker::{self, Rule};
use sotto_chaos::faults::Fault;
use sotto_chaos::keep::{accepted, entries};
use sotto_chaos::keys::Mishaps;
use sotto_chaos::rig::{Parts, Rig};
use sotto_chaos::settings::number;
use sotto_chaos::siege::Siege;
use sotto_engines::Redis;
use tokio::task::spawn_blocking;

const FOLDER: &str = "build/controls";
const DEFECT: &str = "SOTTO_SABOTAGE";
/// Each defect, and the faults that it shows under. With none, nothing may be found.
const CONTROLS: [(&str, &[Fault]); 4] = [
    ("none", &[Fault::Starve, Fault::FreezeRabbits]),
    ("ack_first", &[Fault::Starve]),
    ("no_dedupe", &[Fault::KillWorker, Fault::Starve]),
    ("unconfirmed", &[Fault::FreezeRabbits]),
];

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let binary: PathBuf = std::env::var_os("SOTTO_BIN").context("SOTTO_BIN names no server binary")?.into();
    println!("controls: starting RabbitMQ, MongoDB, Redis, S3 and four pods");
    let start = move || {
        Rig::start(Parts {
            folder: Path::new(FOLDER),
            binary: &binary,
            caches: vec![Redis::Sentinel],
            settings: Vec::new(),
        })
    };
    let rig = spawn_blocking(start).await??;
    let outcome = rig.attend(all(&rig)).await;
    spawn_blocking(move || rig.engines.discard()).await??;
    outcome
}

async fn all(rig: &Rig) -> Result<ExitCode> {
    let tries = number("SOTTO_TRIES")?.unwrap_or(3);
    let first = number("SOTTO_SEED")?.unwrap_or_else(|| u64::from(std::process::id()));
    let mut escaped = Vec::new();
    for (at, (defect, deck)) in (0..).zip(CONTROLS) {
        let its_rig = rig.clone();
        spawn_blocking(move || its_rig.retell_pods(DEFECT, defect)).await??;
        // The control of the controls has one try, in which nothing may be found.
        let tries = if defect == "none" { 1 } else { tries };
        let mut caught = false;
        for seed in (first + at * 1_000..).take(usize::try_from(tries)?) {
            caught = find(rig, defect, (seed, deck)).await?;
            if caught {
                break;
            }
        }
        if caught != (defect != "none") {
            escaped.push(defect);
        }
    }
    if !escaped.is_empty() {
        bail!("not as it has to be: {}", escaped.join(", "));
    }
    println!("every defect was caught, and nothing where there was none");
    Ok(ExitCode::SUCCESS)
}

/// Whether the checker sees the defect in what clients saw.
async fn find(rig: &Rig, defect: &str, (seed, deck): (u64, &[Fault])) -> Result<bool> {
    println!("{defect}, seed {seed}");
    let (faults, deck) = (deck.len(), deck.to_vec());
    let siege = Siege {
        seed,
        lasts: Duration::from_secs(1),
        faults,
        deck,
        joined: 0,
        cache: Redis::Sentinel,
        mishaps: Mishaps::NONE,
        watch: Duration::from_secs(5),
    };
    let outlook = siege.lay(rig, |line| println!("  {line}")).await?;
    let found = checker::check(&outlook.run);
    let caught = found.iter().find(|violation| violation.rule == Rule::AcknowledgedOnce);
    println!(
        "  {} acknowledged, {} entries, {} violations, {}",
        accepted(&outlook.run),
        entries(&outlook.run),
        found.len(),
        caught.map_or_else(|| "nothing lost or doubled".to_owned(), ToString::to_string)
    );
    Ok(caught.is_some())
}
