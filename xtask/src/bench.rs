//! `cargo xtask bench`: builds for speed, and lets the load generator measure and write docs/benchmarks.md.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cluster::with_engines;
use crate::progress;
use crate::run::Run;
use crate::setup::{self, Need};
use crate::suites::{Knobs, SUITES};
use crate::tree::Tree;

/// With these set, whoever calls has engines of their own.
const ENOUGH: [&str; 4] = ["SOTTO_STORE", "SOTTO_QUEUE", "SOTTO_CACHE", "SOTTO_SECRET"];

/// How many seeds the suite `faults` is given here.
const SEEDS: &str = "20";

/// Measures all, or what is named; its lines go straight to whoever watches.
pub(crate) fn bench(tree: &Tree, words: &[String]) -> Result<ExitCode> {
    match words.first().map(String::as_str) {
        Some("peer") => peer(tree, words),
        Some("takeover") => takeover(tree, words),
        Some("seeds") => seeds(tree, words),
        Some("ways") => ways(tree, words),
        Some(_) | None => {
            setup::ensure(tree, Need::Server)?;
            setup::ensure(tree, Need::WebDist)?;
            measure(&load(tree, words)?)
        }
    }
}

/// What deaths cost, on pods and engines that the generator starts itself.
fn takeover(tree: &Tree, words: &[String]) -> Result<ExitCode> {
    for need in [Need::BuildTools, Need::Engines, Need::Nginx, Need::ForeignPackages] {
        setup::ensure(tree, need)?;
    }
    setup::build_server(tree, "release", setup::Adapters::All)?;
    measure(&setup::told_of_engines(tree, load(tree, words)?))
}

/// Sotto and the Node.js peer in turns: on the caller's engines, or on a set that is there for this alone.
fn peer(tree: &Tree, words: &[String]) -> Result<ExitCode> {
    setup::ensure(tree, Need::BuildTools)?;
    setup::ensure(tree, Need::PeerPackages)?;
    setup::build_server(tree, "release", setup::Adapters::All)?;
    let load = load(tree, words)?;
    if ENOUGH.iter().all(|name| std::env::var_os(name).is_some()) {
        return measure(&load);
    }
    setup::ensure(tree, Need::Engines)?;
    let engines = || setup::engines(tree, "--folder").arg(tree.at("build/bench-engines").to_string_lossy());
    // Ctrl-C reaches the generator by itself; the engines are to be stopped after it.
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    let up = engines().arg("up").default_env("SOTTO_MONGOD_CACHE_GB", "1");
    progress::step("Starting RabbitMQ, MongoDB, Redis and S3", &[up], &tree.log("bench-engines")?)?;
    let outcome = on(load, &engines().arg("env"));
    progress::step("Stopping them", &[engines().arg("down")], &tree.log("bench-engines-end")?)?;
    outcome
}

/// Throws the dice of the suite `faults` on as many seeds as are asked for, 20 where nothing is said, and has it written down.
fn seeds(tree: &Tree, words: &[String]) -> Result<ExitCode> {
    let suite = SUITES.iter().find(|suite| suite.name == "faults").context("there is no suite `faults`")?;
    for need in suite.needs {
        setup::ensure(tree, *need)?;
    }
    // Before the half hour rather than after it: what does not build now says so now.
    let write = load(tree, words)?;
    let seeds = std::env::var("SOTTO_SEEDS").unwrap_or_else(|_| SEEDS.to_owned());
    let runs: Vec<Run> = (suite.runs)(tree, Knobs { kills: None })
        .into_iter()
        .map(|run| run.env("SOTTO_SEEDS", seeds.clone()))
        .collect();
    progress::step("Throwing the dice", &runs, &tree.log(suite.name)?)?;
    measure(&write)
}

/// Measures between the start and the end of engines, and has it written down.
fn ways(tree: &Tree, words: &[String]) -> Result<ExitCode> {
    setup::ensure(tree, Need::Engines)?;
    let bench = || Run::cargo(&tree.root, "bench --locked -p sotto-cluster --bench ways");
    let measuring = with_engines(tree, bench().words());
    // Compiled before the engines are started.
    progress::step("Measuring the ways of an event", &[bench().arg("--no-run"), measuring], &tree.log("bench-ways")?)?;
    measure(&load(tree, words)?)
}

fn load(tree: &Tree, words: &[String]) -> Result<Run> {
    let build = Run::cargo(&tree.root, "build --locked --release -p sotto-load");
    progress::step("Building the load generator", &[build], &tree.log("load-build")?)?;
    let load = Run::new(&tree.root, tree.target.join("release/sotto-load").to_string_lossy(), "")
        .default_env("SOTTO_BIN", tree.binary("release").to_string_lossy());
    Ok(words.iter().fold(load, Run::arg))
}

/// Measures on engines that say themselves how they are reached.
fn on(load: Run, settings: &Run) -> Result<ExitCode> {
    let Some(lines) = settings.answer() else { bail!("the engines do not say how they are reached") };
    measure(&lines.lines().filter_map(exported).fold(load, |load, (name, value)| load.env(name, value)))
}

fn measure(load: &Run) -> Result<ExitCode> {
    let status = load.command().status().with_context(|| format!("`{}` cannot be started", load.shown()))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The name and the value in a line that is meant for a shell.
fn exported(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name, value.strip_prefix('\'')?.strip_suffix('\'')?))
}

#[cfg(test)]
mod tests {
    use super::exported;

    #[test]
    fn settings_are_read_from_lines_for_a_shell() {
        assert_eq!(exported("export SOTTO_STORE='mongodb://h/?a=b'"), Some(("SOTTO_STORE", "mongodb://h/?a=b")));
        assert_eq!(exported("# a remark"), None);
    }
}
