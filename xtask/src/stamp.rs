//! Remembers what a step was done for, so that it is done again only when that changed, and never believed when half done.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::tree::Tree;

/// A file under the target directory that holds the fingerprint of what was last done.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    wanted: String,
}

impl Stamp {
    /// For a step of this clone that depends on these files and directories, and on `extra`.
    pub(crate) fn new(tree: &Tree, step: &str, inputs: &[PathBuf], extra: &str) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        extra.hash(&mut hasher);
        for input in inputs {
            hash_path(input, &mut hasher)?;
        }
        let mut place = DefaultHasher::new();
        tree.root.hash(&mut place);
        // Two clones may share one target directory.
        let file = tree.cache(&format!("{step}-{:016x}.stamp", place.finish()));
        Ok(Self { file, wanted: format!("{:016x}", hasher.finish()) })
    }

    /// Whether the step was done to its end for the present inputs.
    pub(crate) fn is_fresh(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|found| found == self.wanted)
    }

    /// Forgets it: to be called before the step begins.
    pub(crate) fn forget(&self) -> Result<()> {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", self.file.display()))
            }
            _ => Ok(()),
        }
    }

    /// Remembers it: to be called when the step is done.
    pub(crate) fn remember(&self) -> Result<()> {
        std::fs::write(&self.file, &self.wanted).with_context(|| format!("{} cannot be written", self.file.display()))
    }
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    path.hash(hasher);
    if path.is_dir() {
        let mut children = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        children.sort();
        for child in children.iter().filter(|child| !is_output(child)) {
            hash_path(child, hasher)?;
        }
    } else if path.is_file() {
        std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?.hash(hasher);
    }
    Ok(())
}

fn is_output(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name == "node_modules" || name == "dist" || name == ".vite" || name == "coverage")
}
