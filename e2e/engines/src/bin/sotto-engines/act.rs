//! What a test of faults does to one process, by hand.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sotto_engines::{Ending, Engines};

const LIMIT: Duration = Duration::from_mins(1);

/// Does one thing to one process, and says what it came to.
pub(crate) fn act(folder: &Path, command: &str, names: &[String]) -> Result<ExitCode> {
    let engines = Engines::attach(folder)?;
    let [name] = names else {
        let all: Vec<String> = engines.processes().iter().map(|process| process.name().to_owned()).collect();
        bail!("`{command}` needs one of these names: {}", all.join(", "));
    };
    let process = engines.process(name)?;
    let began = Instant::now();
    let outcome = match command {
        "kill" => process.kill().map(|()| "killed"),
        "pause" => process.pause().map(|()| "paused"),
        "resume" => process.resume().map(|()| "running again"),
        "stop" => process.stop(LIMIT).map(|ending| match ending {
            Ending::Asked => "stopped",
            Ending::Forced => "stopped by force, since it did not end when asked",
        }),
        _ => process.start().and_then(|()| process.wait_until_ready(LIMIT)).map(|()| "ready"),
    }?;
    println!("{name} is {outcome} after {:.1} s.", began.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}
