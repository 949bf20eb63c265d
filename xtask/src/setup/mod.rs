//! Brings about what a command needs, and says exactly what is missing where it can't.

mod debian;
mod npm;
mod python;
mod wasm;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::progress;
use crate::run::Run;
use crate::stamp::Stamp;
use crate::tree::Tree;

/// Something that a command or a suite can't do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A C compiler and make, for the allocator and for linking.
    BuildTools,
    /// The web client's npm packages, and the encryption that it loads.
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
    /// The npm packages of the system that benchmarks compare with.
    PeerPackages,
    /// RabbitMQ, MongoDB, Redis and S3, and what starts them.
    Engines,
    /// What stands before the pods.
    Nginx,
    /// What gives a program a network of its own, and breaks the traffic in it.
    Network,
}

/// Sees to one need. Quick, and silent, where nothing is missing.
pub(crate) fn ensure(tree: &Tree, need: Need) -> Result<()> {
    match need {
        Need::BuildTools => debian::ensure(tree, &debian::BUILD_TOOLS),
        Need::WebPackages => {
            wasm::ensure(tree)?;
            npm::ensure(tree, "web-client")
        }
        Need::WebDist => build_web(tree),
        Need::Server => build_server(tree, "release", Adapters::All),
        Need::BrowserPackages => npm::ensure(tree, "e2e/browser"),
        Need::Chromium => debian::ensure(tree, &debian::CHROMIUM),
        Need::ForeignPackages => npm::ensure(tree, "e2e/foreign"),
        Need::PeerPackages => npm::ensure(tree, "e2e/peer"),
        Need::ForeignPython => {
            debian::ensure(tree, &debian::PYTHON)?;
            python::ensure(tree, &python::FOREIGN)
        }
        Need::Engines => {
            for provided in [&debian::RABBITMQ, &debian::REDIS, &debian::PYTHON] {
                debian::ensure(tree, provided)?;
            }
            python::ensure(tree, &python::ENGINES)?;
            build_engines(tree)
        }
        Need::Nginx => debian::ensure(tree, &debian::NGINX),
        Need::Network => debian::ensure(tree, &debian::NETWORK),
    }
}

/// The Python of the foreign clients.
pub(crate) fn foreign_python(tree: &Tree) -> PathBuf {
    python::FOREIGN.program(tree, "python")
}

/// The program that starts engines, told where those are that do not come from the system.
pub(crate) fn engines(tree: &Tree, args: &str) -> Run {
    told_of_engines(tree, Run::new(&tree.root, tree.target.join("debug/sotto-engines").to_string_lossy(), args))
}

/// A program that starts engines by itself, told where those are that do not come from the system.
pub(crate) fn told_of_engines(tree: &Tree, run: Run) -> Run {
    let run = run.default_env("SOTTO_WEED", python::ENGINES.program(tree, "weed").to_string_lossy());
    match python::ENGINES.file(tree, "fiftyone/db/bin/mongod") {
        Some(mongod) => run.default_env("SOTTO_MONGOD", mongod.to_string_lossy()),
        None => run,
    }
}

fn build_engines(tree: &Tree) -> Result<()> {
    ensure(tree, Need::BuildTools)?;
    let build = Run::cargo(&tree.root, "build --locked -p sotto-engines");
    progress::step("Building what starts the engines", &[build], &tree.log("engines-build")?)
}

/// Where Chromium lies, if anywhere.
pub(crate) fn chromium() -> Option<PathBuf> {
    debian::CHROMIUM.programs.iter().find_map(|name| in_path(name))
}

/// Builds the web client if its sources changed since it was last built.
fn build_web(tree: &Tree) -> Result<()> {
    ensure(tree, Need::WebPackages)?;
    let web = tree.at("web-client");
    let stamp = Stamp::new(tree, "web-dist", std::slice::from_ref(&web), "")?;
    if stamp.is_fresh() && web.join("dist/index.html").is_file() {
        return Ok(());
    }
    stamp.forget()?;
    progress::step("Building the web client", &[npm::run(&web, "run build")], &tree.log("web-dist")?)?;
    stamp.remember()
}

/// Which adapters are built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adapters {
    /// The embedded ones alone: the first build is much shorter.
    Embedded,
    /// Those for RabbitMQ, MongoDB, Redis and S3 as well, as in a release.
    All,
}

/// Builds the server; cargo itself knows whether there is anything to do.
pub(crate) fn build_server(tree: &Tree, profile: &str, adapters: Adapters) -> Result<()> {
    ensure(tree, Need::BuildTools)?;
    let flag = if profile == "release" { " --release" } else { "" };
    let features = match adapters {
        Adapters::Embedded => "",
        Adapters::All => " --features cluster",
    };
    let build = Run::cargo(&tree.root, &format!("build --locked -p sotto --bin sotto{features}{flag}"));
    progress::step(&format!("Building the server ({profile})"), &[build], &tree.log("server-build")?)
}

/// Where a program lies in the search path.
fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Debian keeps servers where only root's path leads.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The error of a manifest that should be there and is not.
fn require_file(path: &Path) -> Result<()> {
    if !path.is_file() {
        bail!("{} is missing: is this a whole clone?", path.display());
    }
    Ok(())
}
