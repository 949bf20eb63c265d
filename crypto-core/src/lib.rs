//! End-to-end encryption: what a device knows, does and refuses.
//!
//! Signal-family: double ratchet between devices and sender keys for groups, by the audited `vodozemac` (Olm, Megolm;
//! Apache-2.0; audited by Least Authority, 2022), in a post-quantum wrap; not wire-compatible with Signal.
//!
//! ```text
//!              content ── sealed once, under a fresh key ──▶ envelope ──▶ the conversation's log
//!                                     │
//!                             the content key, with a hash of header and ciphertext
//!                                     │
//!   two people: a box a device ◀──────┴──────▶ a group: one box in the envelope
//!   (Olm, wrapped in ML-KEM)                   (Megolm, whose key reached each device in a box)
//! ```
//!
//! Nothing here talks to a network, a disk or a clock: a host hands in what it received and the time, commits what
//! [`Device::changes`](device::Device::changes) gives it in one transaction, and only then sends or acknowledges.

// With this flag vodozemac takes any message authentication code for right.
#[cfg(fuzzing)]
compile_error!("never build with `--cfg fuzzing`: it switches off the authentication of messages");

pub mod error;
pub mod franking;
pub mod header;
pub mod list;
pub mod membership;
pub mod safety;

mod digest;
mod transcript;

#[cfg(feature = "device")]
pub mod attachment;
#[cfg(feature = "device")]
pub mod backup;
#[cfg(feature = "device")]
pub mod device;
#[cfg(feature = "device")]
pub mod host;
#[cfg(feature = "device")]
pub mod link;
#[cfg(feature = "device")]
pub mod secret;
#[cfg(feature = "device")]
pub mod vault;

#[cfg(all(test, feature = "device"))]
mod wycheproof;

#[cfg(all(feature = "wasm", target_arch = "wasm32"))]
mod wasm;

#[cfg(feature = "device")]
mod aead;
#[cfg(feature = "device")]
mod content;
#[cfg(feature = "device")]
mod groups;
#[cfg(feature = "device")]
mod letters;
#[cfg(feature = "device")]
mod pairwise;
#[cfg(feature = "device")]
mod payload;
#[cfg(feature = "device")]
mod post_quantum;

pub use error::{Error, Remedy, Result};
