//! `cargo xtask bench`: builds for speed, and lets the load generator measure and write docs/benchmarks.md.

use std::process::ExitCode;

use anyhow::Result;

use crate::progress;
use crate::run::Run;
use crate::setup::{self, Need};
use crate::tree::Tree;

/// Measures all, or the one that is named; its lines go straight to whoever watches.
pub(crate) fn bench(tree: &Tree, name: Option<&str>) -> Result<ExitCode> {
    setup::ensure(tree, Need::Server)?;
    setup::ensure(tree, Need::WebDist)?;
    let build = Run::cargo(&tree.root, "build --locked --release -p sotto-load");
    progress::step("Building the load generator", &[build], &tree.log("load-build")?)?;

    let load = Run::new(&tree.root, tree.target.join("release/sotto-load").to_string_lossy(), name.unwrap_or("all"))
        .default_env("SOTTO_BIN", tree.binary("release").to_string_lossy());
    let status = load.command().status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
