//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    config::{Engine, Settings},
    operate, serve, telemetry,
};

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
    /// Lays the database out as this version needs it; shards it where it finds a mongos. Running it again is harmless.
    Migrate {
        /// A TOML file with settings; the environment wins over it.
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// Examines everything that the settings name, and says what to do about what is wrong.
    Doctor {
        /// A TOML file with settings; the environment wins over it.
        #[arg(long)]
        config: Option<PathBuf>,
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
        Ok(code) => code,
        Err(error) => {
            eprintln!("sotto: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match cli.command {
        Command::Serve { role, config, demo } => {
            let settings = Settings::load(config.as_deref())?;
            check_role(role, &settings)?;
            telemetry::start_logging(&settings)?;
            runtime()?.block_on(serve::serve(settings, role, demo))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Migrate { config } => {
            let settings = Settings::load(config.as_deref())?;
            telemetry::start_logging(&settings)?;
            runtime()?.block_on(operate::migrate(&settings))
        }
        Command::Doctor { config } => runtime()?.block_on(operate::doctor(&Settings::load(config.as_deref())?)),
    }
}

/// A pod that does a part needs others that do the rest, and something to share with them.
fn check_role(role: Role, settings: &Settings) -> anyhow::Result<()> {
    if role == Role::All {
        return Ok(());
    }
    let part = format!("{role:?}").to_lowercase();
    if !settings.engines.are_shared() {
        anyhow::bail!("--role {part}: with the embedded adapters one pod does everything; use --role all");
    }
    if settings.engines.blobs == Engine::Embedded {
        anyhow::bail!("SOTTO_BLOBS: pods with --role {part} share their blobs; give s3://bucket?endpoint=...");
    }
    Ok(())
}
