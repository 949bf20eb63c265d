//! The rules about the dependency graph, as functions of cargo's metadata.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::licence;

/// What each of our crates may depend on among our crates. Arrows point at what is more stable.
const TABLE: [(&str, &[&str]); 11] = [
    ("shared-types", &[]),
    ("crypto-core", &["shared-types"]),
    ("sotto-core", &["shared-types", "crypto-core"]),
    ("sotto-embedded", &["shared-types", "sotto-core"]),
    ("sotto-cluster", &["shared-types", "sotto-core"]),
    ("sotto", &["shared-types", "sotto-core", "sotto-embedded", "sotto-cluster"]),
    ("xtask", &[]),
    ("sotto-bindgen", &[]),
    // A stranger to the server: it knows the wire only, so that it can't share the server's mistakes. Its devices are real
    // ones, and those speak in the types of the wire.
    ("sotto-chaos", &["sotto-engines", "shared-types", "crypto-core"]),
    ("sotto-engines", &[]),
    ("sotto-load", &["sotto-chaos"]),
];

/// What tests may use besides.
const TESTS_MAY: [(&str, &str); 2] = [("sotto-core", "sotto-embedded"), ("sotto", "crypto-core")];

/// Dependencies among our crates that the table does not name.
pub(crate) fn stray_dependencies(metadata: &Value) -> Vec<String> {
    let ours = members(metadata);
    let mut findings = Vec::new();
    if ours.is_empty() {
        findings.push("cargo metadata named no crate".to_owned());
    }
    for package in &ours {
        let name = text(package, "name");
        let Some((_, allowed)) = TABLE.iter().find(|(known, _)| *known == name) else {
            findings.push(format!("{name} is not in the dependency table of xtask/tests/rules/graph.rs"));
            continue;
        };
        for dependency in list(package, "dependencies") {
            let needed = text(dependency, "name");
            let is_ours = TABLE.iter().any(|(known, _)| *known == needed);
            let in_tests = text(dependency, "kind") == "dev";
            let excused = in_tests && (TESTS_MAY.contains(&(name, needed)) || needed == name);
            if is_ours && !allowed.contains(&needed) && !excused {
                findings.push(format!("{name} depends on {needed}"));
            }
        }
    }
    findings
}

/// Crates that deny.toml keeps out, or keeps below certain crates.
pub(crate) fn banned(metadata: &Value, deny: &toml::Table) -> Vec<String> {
    let rules = deny.get("bans").and_then(|bans| bans.get("deny")).and_then(toml::Value::as_array);
    let rules = rules.map(Vec::as_slice).unwrap_or_default();
    let mut findings = Vec::new();
    if rules.is_empty() {
        findings.push("deny.toml bans nothing".to_owned());
    }
    let users = users(metadata);
    for rule in rules {
        let name = rule.get("crate").and_then(toml::Value::as_str).unwrap_or_default();
        let reason = rule.get("reason").and_then(toml::Value::as_str).unwrap_or_default();
        let wrappers = rule.get("wrappers").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let may = |user: &str| wrappers.iter().any(|wrapper| wrapper.as_str() == Some(user));
        for user in users.get(name).into_iter().flatten().filter(|user| !may(user)) {
            findings.push(format!("{user} pulls in {name}: {reason}"));
        }
    }
    findings
}

/// Crates from outside whose licence deny.toml does not allow.
pub(crate) fn unlicensed(metadata: &Value, deny: &toml::Table) -> Vec<String> {
    let allowed = deny.get("licenses").and_then(|licences| licences.get("allow")).and_then(toml::Value::as_array);
    let allowed: Vec<&str> = allowed.into_iter().flatten().filter_map(toml::Value::as_str).collect();
    let packages = list(metadata, "packages");
    let mut findings = Vec::new();
    if packages.is_empty() {
        findings.push("cargo metadata named no crate".to_owned());
    }
    for package in packages {
        let licence = text(package, "license");
        if !licence::is_allowed(licence, &allowed) {
            findings.push(format!("{} {} is under {licence:?}", text(package, "name"), text(package, "version")));
        }
    }
    findings
}

fn members(metadata: &Value) -> Vec<&Value> {
    let ids: Vec<&str> = list(metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
    list(metadata, "packages").iter().filter(|package| ids.contains(&text(package, "id"))).collect()
}

/// Who directly uses each crate, by names.
fn users(metadata: &Value) -> BTreeMap<&str, Vec<&str>> {
    let names: BTreeMap<&str, &str> =
        list(metadata, "packages").iter().map(|package| (text(package, "id"), text(package, "name"))).collect();
    let name_of = |id: &str| names.get(id).copied();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in metadata.get("resolve").map(|resolve| list(resolve, "nodes")).unwrap_or_default() {
        let Some(user) = name_of(text(node, "id")) else { continue };
        for used in list(node, "dependencies").iter().filter_map(Value::as_str).filter_map(name_of) {
            users.entry(used).or_default().push(user);
        }
    }
    users
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod broken_on_purpose {
    use serde_json::json;

    use super::*;

    fn world() -> Value {
        json!({
            "workspace_members": ["core", "types"],
            "packages": [
                {"id": "core", "name": "sotto-core", "version": "1.0.0", "license": "MIT", "dependencies": [{"name": "sotto", "kind": null}]},
                {"id": "types", "name": "shared-types", "version": "1.0.0", "license": "MIT", "dependencies": []},
                {"id": "x", "name": "openssl", "version": "1.0.0", "license": "AGPL-3.0-only", "dependencies": []},
            ],
            "resolve": {"nodes": [{"id": "core", "dependencies": ["x"]}]},
        })
    }

    #[test]
    fn a_dependency_on_a_door_is_found() {
        assert_eq!(stray_dependencies(&world()), ["sotto-core depends on sotto"]);
        assert_eq!(stray_dependencies(&Value::Null).len(), 1);
    }

    #[test]
    fn a_banned_crate_is_found_unless_its_one_user_may() {
        let banned_crate: toml::Table = "bans.deny = [{ crate = 'openssl', reason = 'C' }]".parse().unwrap();
        assert_eq!(banned(&world(), &banned_crate), ["sotto-core pulls in openssl: C"]);
        let wrapped: toml::Table = "bans.deny = [{ crate = 'openssl', wrappers = ['sotto-core'] }]".parse().unwrap();
        assert_eq!(banned(&world(), &wrapped), [""; 0]);
    }

    #[test]
    fn a_licence_that_asks_too_much_is_found() {
        let deny: toml::Table = "licenses.allow = ['MIT']".parse().unwrap();
        assert_eq!(unlicensed(&world(), &deny), ["openssl 1.0.0 is under \"AGPL-3.0-only\""]);
    }
}
