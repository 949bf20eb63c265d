//! Slow hashing of passwords, off the request path's threads and bounded in number.

use async_trait::async_trait;
use shared_types::Secret;

use super::Result;

/// Hashes and verifies.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// A fresh salted hash, as a PHC string.
    async fn hash(&self, password: &Secret) -> Result<String>;

    /// Whether the password fits; with no hash it takes as long and says no, so that unknown names can't be told from
    /// wrong passwords by the time.
    async fn verify(&self, password: &Secret, hash: Option<&str>) -> Result<bool>;
}
