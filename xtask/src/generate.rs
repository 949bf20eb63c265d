//! `cargo xtask gen`: the files that are generated from the contract, written again or checked.

use std::process::ExitCode;

use anyhow::Result;

use crate::progress;
use crate::run::Run;
use crate::tree::Tree;

/// Whether the files are written, or only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Written.
    Write,
    /// Compared; a stale one is an error.
    Check,
}

/// Runs the contract's own generator.
pub(crate) fn generate(tree: &Tree, mode: Mode) -> Result<ExitCode> {
    let log = tree.log("gen")?;
    let label = match mode {
        Mode::Write => "Generating from the contract",
        Mode::Check => "Comparing the generated files with the contract",
    };
    let done = progress::watch(label, &[run(tree, mode)], &log)?;
    if done.passed {
        println!("{label}: {}", progress::seconds(done.took));
        return Ok(ExitCode::SUCCESS);
    }
    progress::print_tail(&log);
    if mode == Mode::Check {
        println!("`cargo xtask gen` writes them again.");
    }
    Ok(ExitCode::FAILURE)
}

/// The generator as a program to run.
pub(crate) fn run(tree: &Tree, mode: Mode) -> Run {
    let run = Run::cargo(&tree.root, "run --locked -p shared-types --features ts,openapi --example gen --");
    let run = match mode {
        Mode::Write => run,
        Mode::Check => run.arg("--check"),
    };
    run.arg(tree.at("web-client/src/gen").to_string_lossy()).arg(tree.at("docs").to_string_lossy())
}
