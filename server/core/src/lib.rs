//! Sotto's rules, ports and use cases. Nothing here knows a database, a broker, HTTP or a runtime.
//!
//! A door calls one use case with the [`App`], the [`Caller`] and the input; a use case asks the domain and the ports.

pub mod app;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod domain;
pub mod error;
pub mod ports;
pub mod sabotage;
pub mod usecases;

pub use app::{App, Caller, Policy};
pub use error::{Error, PortError, Refusal};
