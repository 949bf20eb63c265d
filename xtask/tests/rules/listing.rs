//! Reads what the rules look at: the files, cargo's metadata, deny.toml.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sources::Source;

const KINDS: [&str; 6] = ["rs", "ts", "tsx", "mjs", "toml", "lock"];
const OUTPUTS: [&str; 6] = ["target", "node_modules", "dist", ".git", "test-results", "playwright-report"];
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];
const ROOT_OUTPUTS: [&str; 2] = ["build", "data"];

/// Every source file of the clone.
pub(crate) fn sources(root: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let is_output = OUTPUTS.contains(&name.as_str()) || (folder == root && ROOT_OUTPUTS.contains(&name.as_str()));
        if is_output || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found);
            continue;
        }
        let kind = path.extension().unwrap_or_default().to_string_lossy();
        if !KINDS.contains(&kind.as_ref()) && !MANIFESTS.contains(&name.as_str()) {
            continue;
        }
        let text = std::fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        found.push(Source { path, text });
    }
}

/// What cargo knows of all crates, every feature on.
pub(crate) fn metadata(root: &Path) -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--all-features", "--locked"])
        .current_dir(root)
        .output();
    let bytes = output.map(|output| output.stdout).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

/// The bans and licences.
pub(crate) fn deny(root: &Path) -> toml::Table {
    let text = std::fs::read_to_string(root.join("deny.toml")).unwrap_or_default();
    text.parse().unwrap_or_default()
}
