//! Writes the generated faces of the contract, or with `--check` says which of them is stale.
//!
//! `cargo run -p shared-types --features ts,openapi --example gen -- [--check] <folder of contract.ts> <folder of asyncapi.yaml>`
#![expect(clippy::print_stdout, reason = "a command line tool speaks through its output")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> std::io::Result<ExitCode> {
    let (flags, folders): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let [client, docs] = folders.as_slice() else {
        println!("gen: name the folders of contract.ts and of asyncapi.yaml");
        return Ok(ExitCode::from(2));
    };
    let check = flags.iter().any(|flag| flag == "--check");
    let mut stale = false;
    for (folder, name, fresh) in [
        (client, "contract.ts", shared_types::generate::typescript()),
        (docs, "asyncapi.yaml", shared_types::generate::asyncapi()?),
    ] {
        let file = PathBuf::from(folder).join(name);
        if fs::read_to_string(&file).is_ok_and(|old| old == fresh) {
            continue;
        }
        if check {
            println!("gen: {} is stale: run `cargo xtask gen`", file.display());
            stale = true;
            continue;
        }
        write(Path::new(folder), &file, &fresh)?;
    }
    Ok(if stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn write(folder: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(file, text)?;
    println!("gen: wrote {}", file.display());
    Ok(())
}
