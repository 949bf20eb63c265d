//! The house rules, held against the whole repository.

mod graph;
mod licence;
mod links;
mod listing;
mod lockfiles;
mod register;
mod sources;

use std::path::Path;

use sources::Source;

/// A rule's findings are shown whole, so that one run is enough to mend them all.
fn hold(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}\n", findings.join("\n  "));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or_else(|| Path::new(".."))
}

fn all_sources() -> Vec<Source> {
    listing::sources(root())
}

#[test]
fn the_listing_finds_the_repository() {
    assert!(all_sources().iter().any(|source| source.path == "xtask/tests/rules/main.rs"));
}

#[test]
fn every_rust_file_says_in_its_first_line_what_it_is_for() {
    hold("a Rust file opens with `//!`", &sources::without_a_purpose(&all_sources()));
}

#[test]
fn no_file_grows_past_what_one_can_hold_in_mind() {
    hold("at most 400 lines, tests aside", &sources::too_long(&all_sources()));
}

#[test]
fn wire_names_are_written_in_the_contract_only() {
    hold("a socket event's name stands in shared-types only", &sources::stray_wire_names(&all_sources()));
}

#[test]
fn the_web_clients_parts_keep_to_themselves() {
    hold("imports of the web client", &sources::stray_imports(&all_sources()));
}

#[test]
fn lockfiles_name_public_registries_only() {
    hold("lockfiles", &lockfiles::strange_registries(&all_sources()));
}

#[test]
fn lockfiles_hold_the_packages_of_every_platform() {
    hold("`npm ci` refuses a lockfile that lacks these", &lockfiles::partial(&all_sources()));
}

#[test]
fn every_dependency_has_its_reason() {
    let page = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap_or_default();
    hold("docs/dependencies.md", &register::out_of_step(&all_sources(), &page));
}

#[test]
fn what_the_documents_link_to_is_there() {
    hold("links in README.md and docs/", &links::dead(root(), &links::pages(root())));
}

#[test]
fn every_crate_is_under_the_workspaces_lints() {
    hold("lints", &sources::unlinted_manifests(&all_sources()));
}

#[test]
fn crates_depend_on_what_is_more_stable_only() {
    hold("the dependency rule", &graph::stray_dependencies(&listing::metadata(root())));
}

#[test]
fn banned_crates_stay_out() {
    hold("deny.toml [bans]", &graph::banned(&listing::metadata(root()), &listing::deny(root())));
}

#[test]
fn every_licence_is_one_that_we_may_ship() {
    hold("deny.toml [licenses]", &graph::unlicensed(&listing::metadata(root()), &listing::deny(root())));
}
