//! Real engines on this machine for tests: RabbitMQ, MongoDB, Redis and S3, started from a folder and a port.
//!
//! ```no_run
//! use sotto_engines::{Engines, Plan, Ports};
//!
//! let plan = Plan::cluster("build/faults".into(), Ports::from_environment()?);
//! let engines = Engines::start(&plan)?;
//! engines.process("rabbit-2")?.kill()?;
//! engines.process("rabbit-2")?.start()?;
//! engines.discard()?;
//! # anyhow::Ok(())
//! ```
//!
//! Processes outlive the program that started them, on purpose: `cargo xtask cluster up` returns, and a chaos run
//! attaches to what it finds. Only what stands in the record, by number and moment of start, is ever signalled.

mod ask;
mod command;
mod dump;
mod engines;
mod gateway;
mod mongo;
mod plan;
pub mod pods;
mod process;
mod rabbit;
mod record;
mod redis;
mod s3;
mod settings;
mod site;

pub use ask::{Ready, is_free};
pub use dump::dump;
pub use engines::Engines;
pub use plan::{Nodes, PORT_BASE, Part, Plan, Ports, Redis, SPAN};
pub use process::{Condition, Ending, Process, Spec};
pub use settings::Variable;
