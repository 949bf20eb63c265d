//! Proves the server from outside: raw clients that write down what they see, and an offline checker of what they wrote.

pub mod api;
pub mod checker;
pub mod device;
pub mod dice;
pub mod history;
pub mod server;
pub mod socket;
pub mod view;
pub mod world;
