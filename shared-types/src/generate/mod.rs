//! The generated faces of the contract.

mod asyncapi;
mod typescript;
mod yaml;

pub use asyncapi::asyncapi;
pub use typescript::typescript;
