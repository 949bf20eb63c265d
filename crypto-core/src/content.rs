//! Content: sealed once under a fresh key, whatever the number of devices that will read it.

use shared_types::{Message, Sealed, entry::SealContext};
use zeroize::Zeroizing;

use crate::{
    Error, Result, aead, digest,
    franking::{self, Report},
    header::{Header, SCHEME},
    list::{to_base64, unbase64_vec},
    payload::ContentKey,
    secret::{Key, random},
};

/// Lengths are hidden up to this many bytes.
const BUCKET: usize = 64;
/// Ends the words; zeros follow.
const END: u8 = 0x80;

/// What a message said, and what is needed to report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What it said.
    pub body: Vec<u8>,
    header: Header,
    opening: [u8; 32],
}

impl Opened {
    /// Hands the message over to the server, with the stamp that it once put on it.
    pub fn report(&self, stamp: [u8; 32], taken_at: u64) -> Report {
        Report { header: self.header.clone(), body: self.body.clone(), opening: self.opening, stamp, taken_at }
    }
}

/// Seals a body; the header gets its commitment.
pub(crate) fn seal(mut header: Header, body: &[u8]) -> (Sealed, ContentKey) {
    let (opening, key) = (random::<32>(), Key::random());
    header.commitment = franking::commitment(&opening, &header, body);
    let ciphertext = aead::seal(&key, &header.encoded(), &pad(&[&opening, body].concat()));
    let binding = header.binding(&ciphertext);
    let sealed = Sealed {
        scheme: SCHEME.into(),
        ciphertext: to_base64(&ciphertext),
        context: Some(SealContext { epoch: header.epoch, ts: header.ts, commitment: to_base64(header.commitment) }),
        group: None,
    };
    (sealed, ContentKey { message: header.id, binding, key })
}

/// Opens a message with the key that belongs to it.
///
/// # Errors
/// [`Error::Mismatch`] where the key is for another message, [`Error::Tampered`] where the words were changed,
/// [`Error::Unreportable`] where the commitment is not to them.
pub(crate) fn open(message: &Message, key: &ContentKey) -> Result<Opened> {
    let (header, sealed) = Header::of(message)?;
    let ciphertext = unbase64_vec(&sealed.ciphertext, "the ciphertext")?;
    if key.message != header.id || !digest::same(&header.binding(&ciphertext), &key.binding) {
        return Err(Error::Mismatch("message"));
    }
    let padded = aead::open(&key.key, &header.encoded(), &ciphertext).ok_or(Error::Tampered("the message"))?;
    let inside = unpad(&padded).ok_or(Error::Malformed("the padding"))?;
    let (opening, body) = inside.split_first_chunk::<32>().ok_or(Error::Malformed("the content"))?;
    if !digest::same(&franking::commitment(opening, &header, body), &header.commitment) {
        return Err(Error::Unreportable);
    }
    Ok(Opened { body: body.to_vec(), header, opening: *opening })
}

fn pad(inside: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(inside.len() + BUCKET));
    padded.extend_from_slice(inside);
    padded.push(END);
    let length = padded.len().next_multiple_of(BUCKET);
    padded.resize(length, 0);
    padded
}

fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    (padded[end] == END).then(|| &padded[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn padding_comes_off_and_hides_the_length(body: Vec<u8>) {
            let padded = pad(&body);
            prop_assert_eq!(padded.len() % BUCKET, 0);
            prop_assert_eq!(unpad(&padded), Some(body.as_slice()));
        }

        #[test]
        fn any_bytes_are_unpadded_or_refused(bytes: Vec<u8>) {
            if let Some(inside) = unpad(&bytes) {
                prop_assert!(bytes.starts_with(inside));
            }
        }
    }
}
