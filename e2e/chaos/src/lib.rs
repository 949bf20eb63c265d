//! Proves the server from outside: raw clients that write down what they see, and an offline checker of what they wrote.

pub mod after;
pub mod api;
pub mod checker;
mod circle;
mod converge;
pub mod detour;
pub mod device;
pub mod dice;
pub mod faults;
pub mod foreign;
pub mod history;
pub mod keep;
pub mod keys;
pub mod own_net;
pub mod phase;
pub mod rig;
pub mod server;
pub mod settings;
pub mod siege;
pub mod socket;
pub mod view;
pub mod wall;
pub mod world;
