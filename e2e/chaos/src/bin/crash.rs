//! Kills the real server (`SOTTO_BIN`) under load, `SOTTO_KILLS` times (10), by the chance of `SOTTO_SEED`, and checks.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use sotto_chaos::checker;
use sotto_chaos::keep::{accepted, entries, keep, keys_line};
use sotto_chaos::keys::{Mishaps, Remedy};
use sotto_chaos::server::Server;
use sotto_chaos::settings::number;
use sotto_chaos::world::Storm;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let kills = number("SOTTO_KILLS")?.map_or(Ok(10), u32::try_from)?;
    let seed = number("SOTTO_SEED")?.unwrap_or_else(|| u64::from(std::process::id()) ^ 0x5077_0000);
    let storm = Storm { seed, kills, people: 6, mishaps: mishaps()? };
    println!("crash: {kills} kills, seed {seed} (SOTTO_SEED={seed} throws the same dice again)");

    let folder = tempfile::Builder::new().prefix("sotto-crash-").tempdir()?;
    let mut server = Server::new(folder.path())?;
    let said =
        |kill, took: std::time::Duration| println!("  kill {kill}/{kills}: ready again after {} ms", took.as_millis());
    let outcome = storm.blow(&mut server, said).await;
    let aftermath = match outcome {
        Ok(aftermath) => aftermath,
        Err(error) => {
            println!("the server's log ends so:\n{}", tail(server.log()));
            return Err(error);
        }
    };

    let accepted = accepted(&aftermath.run);
    let entries = entries(&aftermath.run);
    println!("{accepted} messages acknowledged, {entries} entries in {} logs", aftermath.run.logs.len());
    println!("{}", keys_line(&checker::reading(&aftermath.run)));
    let mut findings: Vec<String> = checker::check(&aftermath.run).iter().map(ToString::to_string).collect();
    findings.extend(aftermath.complaints);
    if accepted < 20 * kills as usize {
        findings.push(format!("only {accepted} messages: there was no load that a kill could have hurt"));
    }
    if findings.is_empty() {
        println!("0 lost, 0 twice, 0 gaps: every invariant holds after {kills} kills");
        return Ok(ExitCode::SUCCESS);
    }
    let kept = keep(&aftermath.run, seed, (&[server.log().to_owned()], &[], &findings))?;
    for finding in findings.iter().take(50) {
        println!("VIOLATION {finding}");
    }
    println!("{} violations with seed {seed}; the history is kept in {kept}", findings.len());
    Ok(ExitCode::FAILURE)
}

/// What goes wrong on devices by itself: `SOTTO_LOST_BOXES` (10) of a thousand boxes are lost. With
/// `SOTTO_SABOTAGE=no_repair` devices never ask for what does not open, which must be found.
fn mishaps() -> Result<Mishaps> {
    let usual = Mishaps::default();
    let remedy = match std::env::var("SOTTO_SABOTAGE").as_deref() {
        Err(_) => Remedy::Asks,
        Ok("no_repair") => Remedy::Nothing,
        Ok(other) => anyhow::bail!("devices do not know SOTTO_SABOTAGE={other}"),
    };
    Ok(Mishaps { lost_boxes: number("SOTTO_LOST_BOXES")?.unwrap_or(usual.lost_boxes), remedy, ..usual })
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}
