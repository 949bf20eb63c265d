//! `cargo xtask cluster` and `engines`: many pods on real engines, or the engines alone. `e2e/engines` does the work.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::run::Run;
use crate::setup::{self, Need};
use crate::tree::Tree;

/// What is started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Engines, pods, and what stands before the pods.
    #[default]
    Whole,
    /// Engines only.
    Engines,
}

/// What `cluster` was asked for.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// The command, and a process's name where it needs one.
    pub(crate) words: Vec<String>,
    /// What is started.
    pub(crate) scope: Scope,
    /// Which Redis the pods use.
    pub(crate) cache: Option<String>,
}

/// Sees to what is needed, and hands over.
pub(crate) fn cluster(tree: &Tree, options: &Options) -> Result<ExitCode> {
    setup::ensure(tree, Need::Engines)?;
    let is_start = options.words.first().is_some_and(|word| word == "up");
    let mut run = setup::engines(tree, "--folder").arg(tree.at("build/cluster").to_string_lossy());
    if let Some(cache) = &options.cache {
        run = run.arg("--cache").arg(cache);
    }
    if is_start && options.scope == Scope::Whole {
        setup::ensure(tree, Need::Nginx)?;
        setup::ensure(tree, Need::WebDist)?;
        setup::build_server(tree, "release", setup::Adapters::All)?;
        run = run.arg("--pods").arg(tree.binary("release").to_string_lossy());
        run = run.arg("--web").arg(tree.at("web-client/dist").to_string_lossy());
    }
    run = options.words.iter().fold(run, Run::arg);
    become_it(&run)
}

/// Runs a program with engines that are there for it alone.
pub(crate) fn engines(tree: &Tree, program: Vec<String>) -> Result<ExitCode> {
    setup::ensure(tree, Need::Engines)?;
    become_it(&with_engines(tree, program))
}

/// A program that runs between the start and the end of engines, with `SOTTO_TEST_...` telling where they are.
pub(crate) fn with_engines(tree: &Tree, program: Vec<String>) -> Run {
    let run = setup::engines(tree, "run --folder").arg(tree.at("build/engines").to_string_lossy()).arg("--");
    program.into_iter().fold(run, Run::arg)
}

/// A program that runs between the start and the end of pods on engines, with `SOTTO_URL` telling where they are.
pub(crate) fn with_pods(tree: &Tree, program: Vec<String>) -> Run {
    let run = setup::engines(tree, "run --folder").arg(tree.at("build/pods").to_string_lossy());
    let run = run.arg("--pods").arg(tree.binary("release").to_string_lossy());
    let run = run.arg("--web").arg(tree.at("web-client/dist").to_string_lossy()).arg("--");
    program.into_iter().fold(run, Run::arg)
}

/// Puts it in our place, so that Ctrl-C and the exit code are between it and whoever called.
fn become_it(run: &Run) -> Result<ExitCode> {
    Err(run.command().exec()).with_context(|| format!("`{}` cannot be started", run.shown()))
}
