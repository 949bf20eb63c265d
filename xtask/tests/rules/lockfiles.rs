//! The rules about lockfiles, as functions of their texts.

use serde_json::{Map, Value};

use crate::sources::Source;

/// Lockfiles that send others to an address: npm's name none, so that each uses their own registry; cargo's the index.
pub(crate) fn strange_registries(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let is_strange: fn(&str) -> bool = if source.path.ends_with("package-lock.json") {
            |line| line.contains("\"resolved\": \"http")
        } else if source.path.ends_with("Cargo.lock") {
            |line| line.starts_with("source = \"") && !line.contains("\"registry+")
        } else {
            continue;
        };
        let strange = source.text.lines().filter(|line| is_strange(line));
        findings.extend(strange.map(|line| format!("{}: {}", source.path, line.trim())));
    }
    findings
}

/// npm lockfiles without an entry for some platform's optional package: a registry that is not whole leaves them out.
pub(crate) fn partial(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path.ends_with("package-lock.json")) {
        let lock: Value = serde_json::from_str(&source.text).unwrap_or_default();
        let Some(packages) = lock.get("packages").and_then(Value::as_object) else {
            findings.push(format!("{} cannot be read", source.path));
            continue;
        };
        for (place, package) in packages {
            let optional = package.get("optionalDependencies").and_then(Value::as_object);
            let missing = optional.into_iter().flat_map(Map::keys).filter(|name| {
                let nested = format!("{place}/node_modules/{name}");
                !packages.contains_key(&nested) && !packages.contains_key(&format!("node_modules/{name}"))
            });
            findings.extend(missing.map(|name| format!("{}: {name}", source.path)));
        }
    }
    findings
}

#[cfg(test)]
mod broken_on_purpose {
    use super::*;

    fn one(path: &str, text: &str) -> Vec<Source> {
        vec![Source { path: path.to_owned(), text: text.to_owned() }]
    }

    #[test]
    fn a_strange_registry_is_found() {
        let npm = "\"resolved\": \"https://mirror.example/x.tgz\"";
        assert_eq!(strange_registries(&one("a/package-lock.json", npm)).len(), 1);
        assert_eq!(strange_registries(&one("a/package-lock.json", "\"resolved\": \"\"")), [""; 0]);
        assert_eq!(strange_registries(&one("Cargo.lock", "source = \"registry+x\"")), [""; 0]);
        assert_eq!(strange_registries(&one("Cargo.lock", "source = \"git+https://example.org/x\"")).len(), 1);
    }

    #[test]
    fn a_partial_lockfile_is_found() {
        let text = |more: &str| {
            format!(r#"{{"packages": {{"node_modules/a": {{"optionalDependencies": {{"a-win32": "1"}}}} {more}}}}}"#)
        };
        assert_eq!(partial(&one("w/package-lock.json", &text(""))), ["w/package-lock.json: a-win32"]);
        let whole = text(r#", "node_modules/a-win32": {"version": "1"}"#);
        assert_eq!(partial(&one("w/package-lock.json", &whole)), [""; 0]);
    }
}
