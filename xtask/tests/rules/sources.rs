//! The rules about source files, as functions of their paths and texts.

/// A file: its path from the root, and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

const LONGEST: usize = 400;

/// Files that may be longer, each with its reason. Empty is how it should be.
const MAY_BE_LONG: [(&str, &str); 1] = [("web-client/src/gen/", "generated from shared-types")];

const WIRE_NAMES: [&str; 3] = ["message:send", "presence:watch", "auth:renew"];

/// Where a socket event's name may stand besides in tests.
const WIRE_NAMES_LIVE_IN: [&str; 5] =
    ["shared-types/", "e2e/", "xtask/tests/rules/", "web-client/src/gen/", "web-client/src/sync/socket.ts"];

/// Rust files whose first line does not say what they are for.
pub(crate) fn without_a_purpose(sources: &[Source]) -> Vec<String> {
    let rust = sources.iter().filter(|source| has_extension(source, &["rs"]));
    let bad = rust.filter(|source| {
        let purpose = source.text.lines().next().and_then(|line| line.strip_prefix("//!"));
        purpose.is_none_or(|text| text.trim().is_empty())
    });
    bad.map(|source| source.path.clone()).collect()
}

/// Files with more lines, tests aside, than one can hold in mind.
pub(crate) fn too_long(sources: &[Source]) -> Vec<String> {
    let code = sources.iter().filter(|source| has_extension(source, &["rs", "ts", "tsx"]) && !is_test(&source.path));
    code.filter(|source| MAY_BE_LONG.iter().all(|(path, _)| !source.path.starts_with(path)))
        .map(|source| (source, source.text.lines().take_while(|line| line.trim() != "#[cfg(test)]").count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(source, lines)| format!("{} has {lines} lines", source.path))
        .collect()
}

/// Names of socket events, as string literals, where they do not belong.
pub(crate) fn stray_wire_names(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| has_extension(source, &["rs", "ts", "tsx"])) {
        if is_test(&source.path) || WIRE_NAMES_LIVE_IN.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for (number, line) in source.text.lines().enumerate() {
            let literal = |name: &&str| ['"', '\'', '`'].iter().any(|q| line.contains(&format!("{q}{name}{q}")));
            if let Some(name) = WIRE_NAMES.iter().find(|name| literal(name)) {
                findings.push(format!("{}:{} says {name:?}", source.path, number + 1));
            }
        }
    }
    findings
}

/// Imports in the web client that cross a border.
pub(crate) fn stray_imports(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| has_extension(source, &["ts", "tsx"]) && !is_test(&source.path)) {
        let Some(path) = source.path.strip_prefix("web-client/src/") else { continue };
        for import in source.text.lines().filter_map(imported) {
            let target = resolve(path, import);
            let strange = if import == "socket.io-client" {
                path != "sync/socket.ts"
            } else if path.starts_with("ui/") {
                target.starts_with("features/")
            } else if let (Some(from), Some(to)) = (feature(path), feature(&target)) {
                from != to
            } else {
                (path.starts_with("sync/") && !import.starts_with('.') && import.contains("react"))
                    || (path.starts_with("sync/") && (target.starts_with("features/") || target.starts_with("ui/")))
            };
            if strange {
                findings.push(format!("{} imports {import}", source.path));
            }
        }
    }
    findings
}

/// Crates that are not under the workspace's lints.
pub(crate) fn unlinted_manifests(sources: &[Source]) -> Vec<String> {
    let manifests = sources.iter().filter(|source| source.path.ends_with("/Cargo.toml"));
    let bad = manifests.filter(|source| !source.text.contains("[lints]\nworkspace = true"));
    bad.map(|source| source.path.clone()).collect()
}

fn has_extension(source: &Source, wanted: &[&str]) -> bool {
    source.path.rsplit_once('.').is_some_and(|(_, found)| wanted.contains(&found))
}

fn is_test(path: &str) -> bool {
    ["/tests/", "/test/", ".test.ts", ".spec.ts", "/conformance/"].iter().any(|mark| path.contains(mark))
}

fn imported(line: &str) -> Option<&str> {
    let line = line.trim();
    let (_, rest) = line.split_once(" from ").or_else(|| line.split_once("import "))?;
    let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    rest.get(1..)?.split(quote).next()
}

/// The path that a relative import means, from `src/`.
fn resolve(from: &str, import: &str) -> String {
    if !import.starts_with('.') {
        return import.trim_start_matches("@/").to_owned();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn feature(path: &str) -> Option<&str> {
    path.strip_prefix("features/")?.split('/').next()
}

#[cfg(test)]
mod broken_on_purpose {
    use super::*;

    fn one(path: &str, text: &str) -> Vec<Source> {
        vec![Source { path: path.to_owned(), text: text.to_owned() }]
    }

    #[test]
    fn a_file_without_a_purpose_is_found() {
        assert_eq!(without_a_purpose(&one("a/src/lib.rs", "use std::fs;\n")), ["a/src/lib.rs"]);
        assert_eq!(without_a_purpose(&one("a/src/lib.rs", "//!\nuse std::fs;\n")), ["a/src/lib.rs"]);
        assert_eq!(without_a_purpose(&one("a/src/lib.rs", "//! Reads files.\n")), [""; 0]);
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "x\n".repeat(401);
        assert_eq!(too_long(&one("a/src/b.rs", &long)), ["a/src/b.rs has 401 lines"]);
        assert_eq!(too_long(&one("web-client/src/a.tsx", &long)), ["web-client/src/a.tsx has 401 lines"]);
        assert_eq!(too_long(&one("web-client/src/gen/a.ts", &long)), [""; 0]);
        let tested = format!("x\n#[cfg(test)]\n{long}");
        assert_eq!(too_long(&one("a/src/b.rs", &tested)), [""; 0]);
    }

    #[test]
    fn a_stray_wire_name_is_found() {
        let text = "emit(\"message:send\");\n";
        assert_eq!(stray_wire_names(&one("server/a/src/b.rs", text)), ["server/a/src/b.rs:1 says \"message:send\""]);
        assert_eq!(stray_wire_names(&one("web-client/src/a.ts", "emit('auth:renew')")).len(), 1);
        assert_eq!(stray_wire_names(&one("shared-types/src/socket.rs", text)), [""; 0]);
        assert_eq!(stray_wire_names(&one("server/a/tests/b.rs", text)), [""; 0]);
    }

    #[test]
    fn a_stray_import_is_found() {
        let socket = "import { io } from \"socket.io-client\";\n";
        assert_eq!(stray_imports(&one("web-client/src/sync/socket.ts", socket)), [""; 0]);
        assert_eq!(stray_imports(&one("web-client/src/sync/engine.ts", socket)).len(), 1);
        let other = "import { A } from '../people/A';\n";
        assert_eq!(stray_imports(&one("web-client/src/features/conversation/B.tsx", other)).len(), 1);
        assert_eq!(stray_imports(&one("web-client/src/features/people/B.tsx", other)), [""; 0]);
        let down = "import { A } from '../features/people/A';\n";
        assert_eq!(stray_imports(&one("web-client/src/ui/B.tsx", down)).len(), 1);
        assert_eq!(stray_imports(&one("web-client/src/sync/engine.ts", "import { useState } from 'react';")).len(), 1);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert_eq!(unlinted_manifests(&one("a/Cargo.toml", "[package]\n")), ["a/Cargo.toml"]);
        assert_eq!(unlinted_manifests(&one("a/Cargo.toml", "[lints]\nworkspace = true\n")), [""; 0]);
    }
}
