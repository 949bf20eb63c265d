//! Brings about what a command needs, and says exactly what is missing where it can't.

mod debian;
mod npm;
mod python;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::progress;
use crate::run::Run;
use crate::stamp::Stamp;
use crate::tree::Tree;

pub(crate) use python::venv_python;

/// Something that a command or a suite can't do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A C compiler and make, for the allocator and for linking.
    BuildTools,
    /// The web client's npm packages.
    WebPackages,
    /// The web client, built.
    WebDist,
    /// The server, built for speed.
    Server,
    /// The npm packages of the browser journeys.
    BrowserPackages,
    /// A Chromium for the browser journeys.
    Chromium,
    /// The npm packages of the foreign clients.
    ForeignPackages,
    /// The Python environment of the foreign clients.
    ForeignPython,
}

/// Sees to one need. Quick, and silent, where nothing is missing.
pub(crate) fn ensure(tree: &Tree, need: Need) -> Result<()> {
    match need {
        Need::BuildTools => debian::ensure(tree, &debian::BUILD_TOOLS),
        Need::WebPackages => npm::ensure(tree, "web-client"),
        Need::WebDist => build_web(tree),
        Need::Server => build_server(tree, "release"),
        Need::BrowserPackages => npm::ensure(tree, "e2e/browser"),
        Need::Chromium => debian::ensure(tree, &debian::CHROMIUM),
        Need::ForeignPackages => npm::ensure(tree, "e2e/foreign"),
        Need::ForeignPython => {
            debian::ensure(tree, &debian::PYTHON)?;
            python::ensure(tree)
        }
    }
}

/// Where Chromium lies, if anywhere.
pub(crate) fn chromium() -> Option<PathBuf> {
    debian::CHROMIUM.programs.iter().find_map(|name| in_path(name))
}

/// Builds the web client if its sources changed since it was last built.
fn build_web(tree: &Tree) -> Result<()> {
    npm::ensure(tree, "web-client")?;
    let web = tree.at("web-client");
    let stamp = Stamp::new(tree, "web-dist", std::slice::from_ref(&web), "")?;
    if stamp.is_fresh() && web.join("dist/index.html").is_file() {
        return Ok(());
    }
    stamp.forget()?;
    progress::step("Building the web client", &[npm::run(&web, "run build")], &tree.log("web-dist")?)?;
    stamp.remember()
}

/// Builds the server; cargo itself knows whether there is anything to do.
pub(crate) fn build_server(tree: &Tree, profile: &str) -> Result<()> {
    ensure(tree, Need::BuildTools)?;
    let flag = if profile == "release" { " --release" } else { "" };
    let build = Run::cargo(&tree.root, &format!("build --locked -p sotto --bin sotto{flag}"));
    progress::step(&format!("Building the server ({profile})"), &[build], &tree.log("server-build")?)
}

/// Where a program lies in the search path.
fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The error of a manifest that should be there and is not.
fn require_file(path: &Path) -> Result<()> {
    if !path.is_file() {
        bail!("{} is missing: is this a whole clone?", path.display());
    }
    Ok(())
}
