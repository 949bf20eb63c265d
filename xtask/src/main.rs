//! The project's own commands: `cargo xtask up`, `test`, `cluster`, `engines`, `gen` and `bench`.
#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

mod bench;
mod cluster;
mod generate;
mod probe;
mod progress;
mod run;
mod setup;
mod stamp;
mod suites;
mod test;
mod tree;
mod up;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::tree::Tree;

const USAGE: &str = "\
Sotto's own commands

  cargo xtask up [--demo] [--dev]      set up what is missing, build, and run the whole system; Ctrl-C stops it
  cargo xtask test [--only NAME]...    set up what is missing and run every test, or the suites named
                   [--kills N]         how often the crash suite kills the server (10)
                   [--list]            name the suites, and run none
  cargo xtask cluster up [--engines]   run many pods on RabbitMQ, MongoDB, Redis and S3, in the background, or only these
                         [--cache sentinel|cluster]    which Redis the pods use (sentinel)
                      status | env     a line for each process; what reaches the engines, as lines for a shell
                      kill | stop | pause | resume | start NAME    what a test of faults does, by hand
                      down             stop it all and remove its data
  cargo xtask engines run -- PROGRAM ARGS...    run a program with engines of its own, as the tests of adapters need
  cargo xtask gen [--check]            write the generated files again, or only say which are stale
  cargo xtask bench [NAME]             measure, and write docs/benchmarks.md
                    peer [TURNS [SCENES]]    beside the Node.js peer, on the engines that the environment names or on its own
                    takeover                 how long messages take when a worker or a RabbitMQ node dies
                    seeds                    the suite `faults` on 20 seeds: half an hour
                    ways                     what an event costs to one pod, and to all, over Redis and RabbitMQ
";

enum Command {
    Help,
    Up(up::Options),
    Test(test::Options),
    Cluster(cluster::Options),
    Engines(Vec<String>),
    Gen(generate::Mode),
    Bench(Vec<String>),
}

fn main() -> ExitCode {
    let outcome = Tree::find().and_then(|tree| dispatch(&tree, parse(lexopt::Parser::from_env())?));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(tree: &Tree, command: Command) -> Result<ExitCode> {
    match command {
        Command::Help => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Command::Up(options) => up::up(tree, options),
        Command::Test(options) => test::test(tree, &options),
        Command::Cluster(options) => cluster::cluster(tree, &options),
        Command::Engines(program) => cluster::engines(tree, program),
        Command::Gen(mode) => generate::generate(tree, mode),
        Command::Bench(words) => bench::bench(tree, &words),
    }
}

fn parse(mut args: lexopt::Parser) -> Result<Command> {
    let name = match args.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Command::Help),
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match name.as_str() {
        "help" => Ok(Command::Help),
        "up" => parse_up(args),
        "test" => parse_test(args),
        "cluster" => parse_cluster(args),
        "engines" => parse_engines(args),
        "gen" => parse_gen(args),
        "bench" => parse_bench(args),
        _ => bail!("there is no command {name:?}; `cargo xtask help` names them"),
    }
}

fn parse_up(mut args: lexopt::Parser) -> Result<Command> {
    let mut options = up::Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("demo") => options.people = up::People::Demo,
            Long("dev") => options.profile = up::Profile::Dev,
            Long("release") => options.profile = up::Profile::Release,
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Up(options))
}

fn parse_test(mut args: lexopt::Parser) -> Result<Command> {
    let mut options = test::Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("only") => options.only.push(args.value()?.string()?),
            Long("kills") => options.kills = Some(args.value()?.parse()?),
            Long("list") => options.list = true,
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Test(options))
}

fn parse_cluster(mut args: lexopt::Parser) -> Result<Command> {
    let mut options = cluster::Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("engines") => options.scope = cluster::Scope::Engines,
            Long("cache") => options.cache = Some(args.value()?.string()?),
            Value(word) => options.words.push(word.string()?),
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Cluster(options))
}

fn parse_engines(mut args: lexopt::Parser) -> Result<Command> {
    let mut words = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Value(word) => words.push(word.string()?),
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    match words.split_first() {
        Some((first, program)) if first == "run" && !program.is_empty() => Ok(Command::Engines(program.to_vec())),
        _ => bail!("it is `cargo xtask engines run -- PROGRAM ARGS...`"),
    }
}

fn parse_gen(mut args: lexopt::Parser) -> Result<Command> {
    let mut mode = generate::Mode::Write;
    while let Some(arg) = args.next()? {
        match arg {
            Long("check") => mode = generate::Mode::Check,
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Gen(mode))
}

fn parse_bench(mut args: lexopt::Parser) -> Result<Command> {
    let mut words = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Value(word) => words.push(word.string()?),
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Bench(words))
}
