//! The suites of `cargo xtask test`, in their order: what each needs and runs.

use crate::cluster::{with_engines, with_pods};
use crate::generate::{self, Mode};
use crate::run::Run;
use crate::setup::{self, Need};
use crate::tree::Tree;

/// One suite.
#[derive(Debug)]
pub(crate) struct Suite {
    /// Its name, for `--only` and for its log.
    pub(crate) name: &'static str,
    /// What it proves, in a few words.
    pub(crate) about: &'static str,
    /// What must be there before it can run.
    pub(crate) needs: &'static [Need],
    /// The programs it consists of.
    pub(crate) runs: fn(&Tree, Knobs) -> Vec<Run>,
}

/// What can be turned from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Knobs {
    /// How often the crash suite kills the server; its own default where nothing is said.
    pub(crate) kills: Option<u32>,
}

/// All suites, cheapest first.
pub(crate) const SUITES: &[Suite] = &[
    Suite { name: "format", about: "every Rust file is formatted", needs: &[], runs: format },
    Suite { name: "lint", about: "no lint speaks up", needs: &[Need::BuildTools], runs: lint },
    Suite { name: "rules", about: "the house rules hold", needs: &[Need::BuildTools], runs: rules },
    Suite { name: "rust", about: "unit, property, conformance and door tests", needs: &[Need::BuildTools], runs: rust },
    Suite {
        name: "engines",
        about: "conformance on RabbitMQ, MongoDB, Redis and S3",
        needs: &[Need::Engines],
        runs: engines,
    },
    Suite { name: "contract", about: "no generated file is stale", needs: &[Need::BuildTools], runs: contract },
    Suite {
        name: "web-check",
        about: "types and lints of the web client",
        needs: &[Need::WebPackages],
        runs: web_check,
    },
    Suite { name: "web-unit", about: "the web client's own tests", needs: &[Need::WebPackages], runs: web_unit },
    Suite { name: "web-build", about: "the web client builds", needs: &[Need::WebPackages], runs: web_build },
    Suite { name: "server-build", about: "the release server builds", needs: &[Need::BuildTools], runs: server_build },
    Suite { name: "crash", about: "kill -9 under load loses nothing", needs: &[Need::Server], runs: crash },
    Suite {
        name: "faults",
        about: "pods, engines and the network break under load, and nothing is lost",
        needs: &[Need::Server, Need::Engines, Need::Nginx, Need::Network, Need::ForeignPackages],
        runs: faults,
    },
    Suite {
        name: "controls",
        about: "a server with a defect is found out",
        needs: &[Need::Engines, Need::Nginx, Need::ForeignPackages],
        runs: controls,
    },
    Suite {
        name: "foreign",
        about: "plain socket.io-client and python-socketio get what the contract says",
        needs: &[Need::Server, Need::ForeignPackages, Need::ForeignPython],
        runs: foreign,
    },
    Suite {
        name: "browser",
        about: "journeys of people in a real browser",
        needs: &[Need::Server, Need::WebDist, Need::BrowserPackages, Need::Chromium],
        runs: browser,
    },
    Suite {
        name: "cluster",
        about: "the last two again, through nginx, on pods and engines",
        needs: &[
            Need::Server,
            Need::Engines,
            Need::Nginx,
            Need::WebDist,
            Need::ForeignPackages,
            Need::ForeignPython,
            Need::BrowserPackages,
            Need::Chromium,
        ],
        runs: cluster,
    },
];

fn format(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![Run::cargo(&tree.root, "fmt --all --check")]
}

fn lint(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![
        Run::cargo(&tree.root, "clippy --locked --workspace --all-targets --all-features -- -D warnings"),
        // As `cargo xtask up` builds it, without the engines' clients.
        Run::cargo(&tree.root, "clippy --locked -p sotto --all-targets -- -D warnings"),
        // As the server needs it, without anything that holds private keys.
        Run::cargo(&tree.root, "clippy --locked -p crypto-core --no-default-features -- -D warnings"),
    ]
}

fn rules(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![Run::cargo(&tree.root, "test --locked -p xtask")]
}

fn rust(tree: &Tree, _: Knobs) -> Vec<Run> {
    // The rules are a suite of their own, and so is what needs real engines.
    let scope = "--locked --workspace --all-features --exclude xtask --exclude sotto-cluster";
    if !has_nextest(tree) {
        return vec![Run::cargo(&tree.root, &format!("test {scope} --no-fail-fast"))];
    }
    vec![
        Run::cargo(&tree.root, &format!("nextest run {scope} --no-fail-fast")),
        Run::cargo(&tree.root, &format!("test --doc {scope}")),
    ]
}

fn engines(tree: &Tree, _: Knobs) -> Vec<Run> {
    let scope = "--locked -p sotto-cluster";
    let tests = if has_nextest(tree) { "nextest run" } else { "test" };
    let tests = Run::cargo(&tree.root, &format!("{tests} {scope} --no-fail-fast"));
    vec![
        // Compiled before the engines are started: while that takes minutes, they would only take memory.
        Run::cargo(&tree.root, &format!("test {scope} --no-run")),
        with_engines(tree, tests.words()),
    ]
}

fn has_nextest(tree: &Tree) -> bool {
    Run::cargo(&tree.root, "nextest --version").answer().is_some()
}

fn contract(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![generate::run(tree, Mode::Check)]
}

fn web_check(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![Run::new(&tree.at("web-client"), "npm", "run check")]
}

fn web_unit(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![Run::new(&tree.at("web-client"), "npm", "test")]
}

fn web_build(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![Run::new(&tree.at("web-client"), "npm", "run build")]
}

fn server_build(tree: &Tree, _: Knobs) -> Vec<Run> {
    vec![Run::cargo(&tree.root, "build --locked --release -p sotto --bin sotto --features cluster")]
}

fn crash(tree: &Tree, knobs: Knobs) -> Vec<Run> {
    let run = Run::cargo(&tree.root, "run --locked --release -p sotto-chaos --bin crash");
    let run = run.default_env("SOTTO_BIN", tree.binary("release").to_string_lossy());
    vec![match knobs.kills {
        Some(kills) => run.env("SOTTO_KILLS", kills.to_string()),
        None => run,
    }]
}

fn faults(tree: &Tree, _: Knobs) -> Vec<Run> {
    let run =
        setup::told_of_engines(tree, Run::cargo(&tree.root, "run --locked --release -p sotto-chaos --bin faults"));
    let run = run.default_env("SOTTO_BIN", tree.binary("release").to_string_lossy());
    vec![run.default_env("SOTTO_SEED", "1").default_env("SOTTO_SEEDS", "2")]
}

fn controls(tree: &Tree, _: Knobs) -> Vec<Run> {
    let run = Run::cargo(&tree.root, "run --locked --release -p sotto-chaos --bin controls");
    let run = setup::told_of_engines(tree, run).env("SOTTO_BIN", tree.binary("debug").to_string_lossy());
    vec![
        // Beside the release build, which must never have the defects.
        Run::cargo(&tree.root, "build --locked -p sotto --bin sotto --features sabotage"),
        run.default_env("SOTTO_SEED", "1"),
    ]
}

fn foreign(tree: &Tree, _: Knobs) -> Vec<Run> {
    let folder = tree.at("e2e/foreign");
    let binary = tree.binary("release");
    let python = setup::foreign_python(tree);
    vec![
        Run::new(&folder, "npm", "test").default_env("SOTTO_BIN", binary.to_string_lossy()),
        Run::new(&folder.join("python"), python.to_string_lossy(), "-B -m unittest -v test_python_client")
            .default_env("SOTTO_BIN", binary.to_string_lossy()),
    ]
}

fn browser(tree: &Tree, _: Knobs) -> Vec<Run> {
    let folder = tree.at("e2e/browser");
    let chromium = setup::chromium().unwrap_or_default();
    vec![
        Run::new(&folder, "npm", "run check"),
        Run::new(&folder, "npm", "test")
            .default_env("SOTTO_BIN", tree.binary("release").to_string_lossy())
            .default_env("SOTTO_WEB_DIR", tree.at("web-client/dist").to_string_lossy())
            .default_env("SOTTO_CHROMIUM", chromium.to_string_lossy()),
    ]
}

fn cluster(tree: &Tree, _: Knobs) -> Vec<Run> {
    let own = std::env::current_exe().unwrap_or_else(|_| "cargo-xtask".into());
    let again = Run::new(&tree.root, own.to_string_lossy(), "test --only foreign --only browser");
    // All of it comes from one address.
    vec![with_pods(tree, again.words()).env("SOTTO_RATE_LIMITS", "off")]
}
