//! The command behind `cargo xtask cluster` and `cargo xtask engines`: starts, shows and stops what the library can.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

mod act;
mod run;
mod show;
mod up;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use lexopt::prelude::{Long, Value, ValueExt};
use sotto_engines::{Condition, Engines, Redis};

const USAGE: &str = "\
sotto-engines COMMAND --folder FOLDER

  up [--cache sentinel|cluster|standalone]   start three of each engine, and say how to reach them
     [--pods BINARY --web FOLDER]            and Sotto's pods on them, with nginx before them
  status                                     a line for each process
  env                                        how to reach the engines, as lines for a shell
  kill | stop | pause | resume | start NAME  do that to one process
  dump INTO                                  write everything that they keep into a folder, as plain files
  down                                       stop everything and remove its data
  run -- PROGRAM ARGS...                     start one of each, run a program with SOTTO_TEST_... set, and stop them
  run --pods BINARY --web FOLDER -- PROGRAM  the same with all that `up` starts, and SOTTO_URL set
";

/// What was asked for.
#[derive(Debug)]
struct Arguments {
    command: String,
    folder: PathBuf,
    cache: Redis,
    pods: Option<PathBuf>,
    web: Option<PathBuf>,
    /// What follows the command.
    rest: Vec<String>,
}

fn main() -> ExitCode {
    match parse(lexopt::Parser::from_env()).and_then(|arguments| dispatch(&arguments)) {
        Ok(code) => code,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut args: lexopt::Parser) -> Result<Arguments> {
    let (mut folder, mut cache, mut pods, mut web, mut words) = (None, Redis::Sentinel, None, None, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("folder") => folder = Some(PathBuf::from(args.value()?)),
            Long("cache") => {
                cache = match args.value()?.string()?.as_str() {
                    "standalone" => Redis::Standalone,
                    "sentinel" => Redis::Sentinel,
                    "cluster" => Redis::Cluster,
                    other => bail!("--cache {other}: it is standalone, sentinel or cluster"),
                }
            }
            Long("pods") => pods = Some(PathBuf::from(args.value()?)),
            Long("web") => web = Some(PathBuf::from(args.value()?)),
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let (Some(folder), false) = (folder, words.is_empty()) else { bail!("{USAGE}") };
    let rest = words.split_off(1);
    Ok(Arguments { command: words.concat(), folder: std::path::absolute(folder)?, cache, pods, web, rest })
}

fn dispatch(arguments: &Arguments) -> Result<ExitCode> {
    let folder = &arguments.folder;
    match arguments.command.as_str() {
        "up" => up::up(arguments),
        "down" => down(folder),
        "status" => status(folder),
        "env" => {
            print!("{}", show::exports(&Engines::attach(folder)?)?);
            Ok(ExitCode::SUCCESS)
        }
        "run" => run::run(arguments),
        "dump" => {
            let [into] = arguments.rest.as_slice() else { bail!("dump needs a folder to write into") };
            sotto_engines::dump(&Engines::attach(folder)?, Path::new(into))?;
            Ok(ExitCode::SUCCESS)
        }
        "kill" | "stop" | "pause" | "resume" | "start" => act::act(folder, &arguments.command, &arguments.rest),
        other => bail!("there is no command {other:?}\n{USAGE}"),
    }
}

fn down(folder: &Path) -> Result<ExitCode> {
    if !Engines::are_in(folder) {
        println!("Nothing is up.");
        return Ok(ExitCode::SUCCESS);
    }
    let engines = Engines::attach(folder)?;
    let began = Instant::now();
    let forced = engines.stop()?;
    engines.remove_data()?;
    if !forced.is_empty() {
        println!("Killed, since they did not end when asked: {}", forced.join(", "));
    }
    println!("Stopped after {:.1} s; the logs are kept: {}", began.elapsed().as_secs_f64(), engines.logs().display());
    Ok(ExitCode::SUCCESS)
}

fn status(folder: &Path) -> Result<ExitCode> {
    if !Engines::are_in(folder) {
        println!("Nothing is up.");
        return Ok(ExitCode::FAILURE);
    }
    let processes = Engines::attach(folder)?.processes();
    print!("{}", show::table(&processes)?);
    let all_up = processes.iter().all(|process| process.condition() == Condition::Up);
    Ok(if all_up { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
