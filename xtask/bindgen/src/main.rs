//! `sotto-bindgen MODULE.wasm FOLDER`: writes the module and its JavaScript into a folder, as an ES module for browsers.
//!
//! A library rather than the command line tool: its version stands in the lockfile beside that of `wasm-bindgen`, and the two
//! must be the same.

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let (Some(module), Some(folder), None) = (words.next(), words.next(), words.next()) else {
        bail!("usage: sotto-bindgen MODULE.wasm FOLDER");
    };
    let mut bindgen = Bindgen::new();
    // Whoever loads it says where the module lies: the bundler gives it a name of its own.
    bindgen.input_path(module).web(true)?.typescript(true).omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true).demangle(false).generate(folder)
}
