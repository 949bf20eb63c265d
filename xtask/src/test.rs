//! `cargo xtask test`: every suite, one line each, and a last line that counts them.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::progress::{self, Done};
use crate::setup;
use crate::suites::{Knobs, SUITES, Suite};
use crate::tree::Tree;

/// What `test` was asked for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Only these suites; all where empty.
    pub(crate) only: Vec<String>,
    /// How often the crash suite kills the server.
    pub(crate) kills: Option<u32>,
    /// Name the suites and run none.
    pub(crate) list: bool,
}

/// Runs the suites. A suite that could not run counts as failed.
pub(crate) fn test(tree: &Tree, options: &Options) -> Result<ExitCode> {
    if options.list {
        for suite in SUITES {
            println!("{:<14}{}", suite.name, suite.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = choose(&options.only)?;
    let knobs = Knobs { kills: options.kills };
    let started = Instant::now();
    let mut failed = Vec::new();
    for suite in &chosen {
        let clock = Instant::now();
        match run(tree, suite, knobs) {
            Ok(Done { passed: true, took }) => say("ok", suite, took),
            Ok(Done { passed: false, took }) => {
                say("FAILED", suite, took);
                let log = tree.log(suite.name)?;
                progress::print_tail(&log);
                println!("    all of it: {}", log.display());
                failed.push(suite.name);
            }
            Err(error) => {
                say("FAILED", suite, clock.elapsed());
                println!("    it could not run: {error:#}");
                failed.push(suite.name);
            }
        }
    }
    println!();
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    println!("{} suites in {}", chosen.len(), progress::seconds(started.elapsed()));
    println!("sotto: {} passed, {} failed", chosen.len() - failed.len(), failed.len());
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn choose(only: &[String]) -> Result<Vec<&'static Suite>> {
    if let Some(unknown) = only.iter().find(|name| SUITES.iter().all(|suite| suite.name != name.as_str())) {
        bail!("there is no suite {unknown:?}; `cargo xtask test --list` names them");
    }
    Ok(SUITES.iter().filter(|suite| only.is_empty() || only.iter().any(|name| name == suite.name)).collect())
}

fn run(tree: &Tree, suite: &Suite, knobs: Knobs) -> Result<Done> {
    for need in suite.needs {
        setup::ensure(tree, *need)?;
    }
    let runs = (suite.runs)(tree, knobs);
    progress::watch(suite.name, &runs, &tree.log(suite.name)?)
}

fn say(word: &str, suite: &Suite, took: Duration) {
    println!("{word:<8}{:<14}{:>12}   {}", suite.name, progress::seconds(took), suite.about);
}
