//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{config::Settings, serve, telemetry};

/// Sotto: a private chat server.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a pod until it is told to stop.
    Serve {
        /// What the pod does.
        #[arg(long, value_enum, default_value = "all")]
        role: Role,
        /// A TOML file with settings; the environment wins over it.
        #[arg(long)]
        config: Option<PathBuf>,
        /// Adds demo people and a conversation, if they are not there.
        #[arg(long)]
        demo: bool,
    },
}

/// What a pod does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything.
    All,
    /// HTTP and sockets.
    Api,
    /// The partitions and other asynchronous work.
    Worker,
}

/// Parses, runs, and says in one line what went wrong.
#[expect(clippy::print_stderr, reason = "a command line tool speaks through its output")]
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sotto: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve { role, config, demo } => {
            let settings = Settings::load(config.as_deref())?;
            if role != Role::All {
                anyhow::bail!("--role {role:?}: with the embedded adapters one pod does everything; use --role all");
            }
            telemetry::start_logging(&settings)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve::serve(settings, demo))
        }
    }
}
