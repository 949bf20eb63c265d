//! Where things lie: the clone, cargo's target directory, logs and stamps.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The places that every command needs.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The root of the clone.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, which may lie outside the clone.
    pub(crate) target: PathBuf,
}

impl Tree {
    /// Finds the clone from where this crate was compiled, and the target directory from where its binary lies.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask lies in no directory")?.to_path_buf();
        let binary = std::env::current_exe().context("where this program lies cannot be told")?;
        let target = binary.ancestors().nth(2).context("this program lies in no target directory")?.to_path_buf();
        let cache = target.join("xtask");
        std::fs::create_dir_all(&cache).with_context(|| format!("{} cannot be made", cache.display()))?;
        Ok(Self { root, target })
    }

    /// A path inside the clone.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The log file of a step or a suite; its directory exists afterwards.
    pub(crate) fn log(&self, name: &str) -> Result<PathBuf> {
        let folder = self.at("build/logs");
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(folder.join(format!("{name}.log")))
    }

    /// A place for what setup keeps between runs.
    pub(crate) fn cache(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(name)
    }

    /// The server's binary in a profile's directory.
    pub(crate) fn binary(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join("sotto")
    }
}
