//! Measures the real server (`SOTTO_BIN`) on this machine: `sotto-load [all|send|deliver|idle|start|web|report]`, and
//! beside the Node.js peer: `sotto-load peer [TURNS [SCENES]]`, as in `sotto-load peer peer,sotto pair,idle`.
//! `sotto-load takeover` lets workers and brokers die; `sotto-load ways` writes down what the ways of events have
//! cost, `sotto-load seeds` what came of the suite `faults`.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

mod clock;
mod compare;
mod crowd;
mod deliver;
mod figures;
mod http;
mod idle;
mod machine;
mod marks;
mod open_loop;
mod process;
mod report;
mod section;
mod seeds;
mod send;
mod start;
mod system;
mod takeover;
mod ways;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const ALL: [&str; 5] = ["send", "deliver", "idle", "start", "web"];

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "all".to_owned());
    let (second, third) = (std::env::args().nth(2), std::env::args().nth(3));
    process::raise_file_limit()?;
    match name.as_str() {
        compare::floor::WRITER => {
            compare::floor::write(second.unwrap_or_default().parse()?)?;
            return Ok(ExitCode::SUCCESS);
        }
        "peer" => {
            // What was started is ended with it, also where someone has had enough.
            tokio::select! {
                outcome = compare::compare(second.as_deref(), third.as_deref()) => outcome?,
                () = process::asked_to_end() => bail!("stopped before the end: nothing is written"),
            }
            return Ok(ExitCode::SUCCESS);
        }
        "takeover" => {
            takeover::takeover().await?;
            return Ok(ExitCode::SUCCESS);
        }
        "seeds" => {
            seeds::write()?;
            return Ok(ExitCode::SUCCESS);
        }
        "ways" => {
            ways::write()?;
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let chosen: Vec<&str> = match name.as_str() {
        "all" => ALL.to_vec(),
        // Only the page again, from the figures that are there.
        "report" => Vec::new(),
        one => ALL.iter().copied().filter(|known| *known == one).collect(),
    };
    if chosen.is_empty() && name != "report" {
        bail!("there is no benchmark {name:?}: all, {}, peer, takeover, seeds, ways, report", ALL.join(", "));
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
