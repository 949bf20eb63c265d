//! Writes the generated faces of the contract, or with `--check` says which of them is stale.
//!
//! `cargo run -p shared-types --features ts --example gen -- [--check] <folder for contract.ts>`
#![expect(clippy::print_stdout, reason = "a command line tool speaks through its output")]

use std::{fs, path::PathBuf, process::ExitCode};

fn main() -> std::io::Result<ExitCode> {
    let (flags, folders): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let [folder] = folders.as_slice() else {
        println!("gen: name the folder for contract.ts");
        return Ok(ExitCode::from(2));
    };
    let check = flags.iter().any(|flag| flag == "--check");
    let file = PathBuf::from(folder).join("contract.ts");
    let fresh = shared_types::generate::typescript();
    if fs::read_to_string(&file).is_ok_and(|old| old == fresh) {
        return Ok(ExitCode::SUCCESS);
    }
    if check {
        println!("gen: {} is stale: run `cargo xtask gen`", file.display());
        return Ok(ExitCode::FAILURE);
    }
    fs::create_dir_all(folder)?;
    fs::write(&file, fresh)?;
    println!("gen: wrote {}", file.display());
    Ok(ExitCode::SUCCESS)
}
