//! The doors of the Sotto server: HTTP, sockets, workers and the operator's commands, and the wiring behind them.

pub mod cli;
pub mod config;
pub mod demo;
pub mod http;
pub mod operate;
pub mod secrets;
pub mod serve;
pub mod socket;
pub mod telemetry;
pub mod wire;
pub mod worker;
