//! npm packages, exactly as the lockfile says, installed again only when it changed.

use std::path::Path;

use anyhow::{Result, bail};

use super::{in_path, require_file};
use crate::progress;
use crate::run::Run;
use crate::stamp::Stamp;
use crate::tree::Tree;

/// The oldest Node.js that the web client's tools run on.
const OLDEST: (u32, u32) = (20, 19);

/// Installs a package's dependencies if they are not those of its lockfile.
pub(crate) fn ensure(tree: &Tree, package: &str) -> Result<()> {
    let folder = tree.at(package);
    let (manifest, lockfile) = (folder.join("package.json"), folder.join("package-lock.json"));
    require_file(&manifest)?;
    require_file(&lockfile)?;
    let version = node_version(tree)?;
    let name = package.replace('/', "-");
    let stamp = Stamp::new(tree, &format!("npm-{name}"), &[manifest, lockfile], &version)?;
    // npm writes this file last.
    if stamp.is_fresh() && folder.join("node_modules/.package-lock.json").is_file() {
        return Ok(());
    }
    stamp.forget()?;
    progress::step(
        &format!("Installing the npm packages of {package}"),
        &[run(&folder, "ci --no-audit --no-fund")],
        &tree.log(&format!("npm-{name}"))?,
    )?;
    stamp.remember()
}

/// An npm command in a package's directory.
pub(crate) fn run(folder: &Path, args: &str) -> Run {
    Run::new(folder, "npm", args).default_env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
}

fn node_version(tree: &Tree) -> Result<String> {
    let (major, minor) = OLDEST;
    let advice = format!("install Node.js {major}.{minor} or newer with npm, from https://nodejs.org or your system");
    let Some(version) = Run::new(&tree.root, "node", "--version").answer() else {
        bail!("Node.js is missing: {advice}");
    };
    if in_path("npm").is_none() {
        bail!("npm is missing: {advice}");
    }
    if !is_new_enough(&version) {
        bail!("Node.js is {version}, which is too old: {advice}");
    }
    Ok(version)
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("v20.19.0"));
        assert!(is_new_enough("v22.4.1"));
        assert!(!is_new_enough("v20.9.9"));
        assert!(!is_new_enough("v18.20.4"));
        assert!(!is_new_enough("nonsense"));
    }
}
