//! The Python environment of the foreign clients, under the target directory.

use std::path::PathBuf;

use anyhow::Result;

use super::require_file;
use crate::progress;
use crate::run::Run;
use crate::stamp::Stamp;
use crate::tree::Tree;

/// Makes the environment if it is not the one that the requirements ask for.
pub(crate) fn ensure(tree: &Tree) -> Result<()> {
    let requirements = tree.at("e2e/foreign/requirements.txt");
    require_file(&requirements)?;
    let version = Run::new(&tree.root, "python3", "--version").answer().unwrap_or_default();
    let stamp = Stamp::new(tree, "python", std::slice::from_ref(&requirements), &version)?;
    let python = venv_python(tree);
    if stamp.is_fresh() && python.is_file() {
        return Ok(());
    }
    stamp.forget()?;
    let runs = [
        Run::new(&tree.root, "python3", "-m venv --clear").arg(venv(tree).to_string_lossy()),
        Run::new(&tree.root, python.to_string_lossy(), "-m pip install --disable-pip-version-check -q -r")
            .arg(requirements.to_string_lossy()),
    ];
    progress::step("Installing the Python packages of e2e/foreign", &runs, &tree.log("python")?)?;
    stamp.remember()
}

/// The environment's own Python.
pub(crate) fn venv_python(tree: &Tree) -> PathBuf {
    venv(tree).join("bin/python")
}

fn venv(tree: &Tree) -> PathBuf {
    tree.cache("venv")
}
