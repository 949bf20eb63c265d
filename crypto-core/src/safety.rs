//! The safety number: sixty digits that two people compare, to know that nobody stands between them.
//!
//! Signal's numeric fingerprint: for each side 5,200 rounds of SHA-512 over its key, thirty digits of the outcome; the
//! two halves in ascending order, so that both see the same. It is over account keys, and so survives new devices.

use sha2::{Digest as _, Sha512};
use shared_types::UserId;

use crate::{Result, list::unbase64};

const ROUNDS: usize = 5_200;

/// The number of two people, given their account keys (base64): sixty digits.
///
/// # Errors
/// [`crate::Error::Malformed`] where a key is none.
pub fn number(one: (UserId, &str), other: (UserId, &str)) -> Result<String> {
    let mut halves = [half(one)?, half(other)?];
    halves.sort();
    Ok(halves.concat())
}

fn half((user, key): (UserId, &str)) -> Result<String> {
    let key: [u8; 32] = unbase64(key, "an account key")?;
    let version = [0_u8, 0];
    let first = Sha512::digest([&version[..], &key, &user.bytes(), &key].concat());
    let last = (1..ROUNDS).fold(first, |hash, _| Sha512::new().chain_update(hash).chain_update(key).finalize());
    Ok(last[..30].chunks(5).map(five_digits).collect())
}

fn five_digits(bytes: &[u8]) -> String {
    let number = bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{:05}", number % 100_000)
}
