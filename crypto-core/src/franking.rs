//! Franking: a recipient can prove to the server what a message said, and to nobody else.
//!
//! Grubbs, Lu, Ristenpart, "Message Franking via Committing Authenticated Encryption" (2017), as Facebook deployed it:
//! the sender commits to the words with a key that lies beside them, the server stamps the commitment unread.

use crate::{Error, Result, digest, header::Header, transcript::Transcript};

/// Commits to a body: without its key the commitment says nothing, with it it fits no other body.
pub(crate) fn commitment(opening: &[u8; 32], header: &Header, body: &[u8]) -> [u8; 32] {
    digest::hmac(opening, &header.context().bytes(body).finish())
}

/// The server's stamp: that it took a message with this header at that moment (milliseconds since 1970).
pub fn stamp(server_key: &[u8; 32], header: &Header, taken_at: u64) -> [u8; 32] {
    digest::hmac(server_key, &Transcript::new("sotto/stamp/1").bytes(&header.encoded()).number(taken_at).finish())
}

/// A message, handed over by somebody who could read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its header.
    pub header: Header,
    /// What it said.
    pub body: Vec<u8>,
    /// What opens the commitment.
    pub opening: [u8; 32],
    /// The server's stamp.
    pub stamp: [u8; 32],
    /// When the server took it, in milliseconds since 1970.
    pub taken_at: u64,
}

impl Report {
    /// Whether it was sent through this server, and said just this.
    ///
    /// # Errors
    /// [`Error::Tampered`] where it was not, or did not.
    pub fn verify(&self, server_key: &[u8; 32]) -> Result<()> {
        if !digest::same(&stamp(server_key, &self.header, self.taken_at), &self.stamp) {
            return Err(Error::Tampered("the server's stamp"));
        }
        if !digest::same(&commitment(&self.opening, &self.header, &self.body), &self.header.commitment) {
            return Err(Error::Tampered("the reported message"));
        }
        Ok(())
    }
}
