//! The rule about docs/dependencies.md: it names every direct dependency, and none that is used no more.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sources::Source;

/// What the page lacks, and what it names for nothing.
pub(crate) fn out_of_step(sources: &[Source], page: &str) -> Vec<String> {
    let used = used(sources);
    let named: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|rest| rest.split('`').next())
        .map(str::to_owned)
        .collect();
    let mut findings: Vec<String> = used.difference(&named).map(|name| format!("{name} is missing")).collect();
    findings.extend(named.difference(&used).map(|name| format!("{name} is used no more")));
    findings
}

fn used(sources: &[Source]) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for source in sources {
        if source.path == "Cargo.toml" {
            let manifest: toml::Table = source.text.parse().unwrap_or_default();
            let dependencies =
                manifest.get("workspace").and_then(|w| w.get("dependencies")).and_then(toml::Value::as_table);
            let outside = dependencies.into_iter().flatten().filter(|(_, wanted)| wanted.get("path").is_none());
            used.extend(outside.map(|(name, _)| name.clone()));
        } else if source.path.ends_with("/package.json") {
            let manifest: Value = serde_json::from_str(&source.text).unwrap_or_default();
            for key in ["dependencies", "devDependencies"] {
                let names = manifest.get(key).and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys);
                used.extend(names.cloned());
            }
        }
    }
    used
}

#[cfg(test)]
mod broken_on_purpose {
    use super::*;

    #[test]
    fn a_silent_dependency_and_a_forgotten_row_are_found() {
        let manifest = "[workspace.dependencies]\nours = { path = 'x' }\nserde = '1'\n";
        let cargo = Source { path: "Cargo.toml".to_owned(), text: manifest.to_owned() };
        let npm =
            Source { path: "web/package.json".to_owned(), text: r#"{"devDependencies": {"vite": "8"}}"#.to_owned() };
        let sources = [cargo, npm];
        assert_eq!(out_of_step(&sources, "| `serde` | forms |\n| `vite` | build |\n"), [""; 0]);
        assert_eq!(
            out_of_step(&sources, "| `rocket` | web |\n| `vite` | build |\n"),
            ["serde is missing", "rocket is used no more"]
        );
    }
}
