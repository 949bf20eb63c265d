//! What a browser needs of our Rust: the target's standard library, the module, and the JavaScript that loads it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::in_path;
use crate::progress;
use crate::run::Run;
use crate::stamp::Stamp;
use crate::tree::Tree;

const TARGET: &str = "wasm32-unknown-unknown";
/// Where the module goes, from the root.
const FOLDER: &str = "web-client/src/gen/wasm";
/// What it is made from.
const SOURCES: [&str; 6] =
    ["crypto-core/src", "crypto-core/Cargo.toml", "shared-types/src", "xtask/bindgen/src", "Cargo.toml", "Cargo.lock"];

/// Builds the encryption for browsers, if its sources changed since.
pub(crate) fn ensure(tree: &Tree) -> Result<()> {
    let sources: Vec<PathBuf> = SOURCES.iter().map(|source| tree.at(source)).collect();
    let stamp = Stamp::new(tree, "wasm", &sources, "")?;
    let folder = tree.at(FOLDER);
    if stamp.is_fresh() && folder.join("crypto_core_bg.wasm").is_file() {
        return Ok(());
    }
    stamp.forget()?;
    let toolchain = toolchain(tree)?;
    let module = tree.target.join(TARGET).join("wasm/crypto_core.wasm");
    let build = format!(
        "rustc --locked --profile wasm -p crypto-core --lib --crate-type cdylib --target {TARGET} --no-default-features \
         --features wasm"
    );
    let build = Run::cargo(&tree.root, &build);
    let build = match &toolchain {
        Some(private) => build.env("RUSTC", private.join("bin/rustc").to_string_lossy()),
        None => build,
    };
    let bindgen = tree.target.join("debug/sotto-bindgen");
    let runs = [
        build,
        Run::cargo(&tree.root, "build --locked -p sotto-bindgen"),
        Run::new(&tree.root, bindgen.to_string_lossy(), "").arg(module.to_string_lossy()).arg(folder.to_string_lossy()),
    ];
    progress::step("Building the encryption for browsers", &runs, &tree.log("wasm")?)?;
    stamp.remember()
}

/// A compiler of our own where the one that is there has no standard library for browsers and can't get it.
fn toolchain(tree: &Tree) -> Result<Option<PathBuf>> {
    if has_library(&Run::new(&tree.root, "rustc", "")) {
        return Ok(None);
    }
    if in_path("rustup").is_some() {
        let add = Run::new(&tree.root, "rustup", &format!("target add {TARGET}"));
        // It may have no way to the network: then there is another.
        if progress::watch("Adding the compiler's library for browsers", &[add], &tree.log("rustup")?)?.passed {
            return Ok(None);
        }
    }
    let private = private_folder()?;
    if !has_library(&Run::new(&tree.root, private.join("bin/rustc").to_string_lossy(), "")) {
        if in_path("apt-get").is_none() {
            bail!(
                "the compiler has no library for {TARGET}: install it, with `rustup target add {TARGET}` or from your system"
            );
        }
        let script = Run::new(&tree.root, "bash", "xtask/wasm-toolchain.sh").arg(private.to_string_lossy());
        progress::step("Building the compiler's library for browsers", &[script], &tree.log("wasm-toolchain")?)?;
    }
    Ok(Some(private))
}

/// Whether a compiler has the standard library for browsers.
fn has_library(rustc: &Run) -> bool {
    let asked = ["--print", "target-libdir", "--target", TARGET].into_iter().fold(rustc.clone(), Run::arg);
    asked.answer().is_some_and(|folder| has_standard(Path::new(&folder)))
}

fn has_standard(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") || name == "libstd.rlib"
    })
}

/// Shared by all clones of this user.
fn private_folder() -> Result<PathBuf> {
    let Some(home) = std::env::home_dir() else { bail!("HOME is not set") };
    Ok(home.join(".cache/sotto/rustc-web"))
}
