//! Measures the real server (`SOTTO_BIN`) on this machine: `sotto-load [all|send|deliver|idle|start|web|report]`.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

mod clock;
mod crowd;
mod deliver;
mod figures;
mod http;
mod idle;
mod machine;
mod process;
mod report;
mod send;
mod start;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const ALL: [&str; 5] = ["send", "deliver", "idle", "start", "web"];

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "all".to_owned());
    process::raise_file_limit()?;
    let chosen: Vec<&str> = match name.as_str() {
        "all" => ALL.to_vec(),
        // Only the page again, from the figures that are there.
        "report" => Vec::new(),
        one => ALL.iter().copied().filter(|known| *known == one).collect(),
    };
    if chosen.is_empty() && name != "report" {
        bail!("there is no benchmark {name:?}: all, {}, report", ALL.join(", "));
    }
    for one in chosen {
        println!("{one} ...");
        match one {
            "send" => figures::keep("send", &send::measure().await?)?,
            "deliver" => figures::keep("deliver", &deliver::measure().await?)?,
            "idle" => figures::keep("idle", &idle::measure().await?)?,
            "start" => figures::keep("start", &start::measure().await?)?,
            _ => figures::keep("web", &web::measure()?)?,
        }
    }
    report::write()?;
    println!("docs/benchmarks.md is written");
    Ok(ExitCode::SUCCESS)
}
