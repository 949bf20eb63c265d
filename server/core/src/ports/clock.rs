//! The time, as a value that tests can choose.

use shared_types::Timestamp;

/// A clock.
pub trait Clock: Send + Sync {
    /// Now, on the server's clock.
    fn now(&self) -> Timestamp;
}
