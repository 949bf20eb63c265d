//! Signed lists: the devices of a person, and the keys with which a session to one of them can begin.
//!
//! A person's account key signs the list of their devices, each device signs its own prekeys. The server keeps and hands
//! out both; it can neither add a device nor swap a key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use shared_types::{
    DeviceId, UserId,
    keys::{DeviceList, Prekey, PrekeyKind},
};

use crate::{Error, Result, transcript::Transcript};

/// What an account key signs.
pub fn signed_list(list: &DeviceList) -> Vec<u8> {
    let start = Transcript::new("sotto/device-list/1")
        .bytes(&list.user_id.bytes())
        .bytes(list.account_key.as_bytes())
        .number(list.version);
    let devices = list.devices.iter().fold(start, |transcript, device| {
        transcript.bytes(&device.id.bytes()).bytes(device.ed25519.as_bytes()).bytes(device.curve25519.as_bytes())
    });
    devices.finish()
}

/// What a device signs for each key that it hands out.
pub fn signed_prekey(user: UserId, device: DeviceId, kind: PrekeyKind, id: &str, key: &str) -> Vec<u8> {
    let kind = match kind {
        PrekeyKind::OneTime => "one_time",
        PrekeyKind::Fallback => "fallback",
        PrekeyKind::Kem => "kem",
    };
    Transcript::new("sotto/prekey/1")
        .bytes(&user.bytes())
        .bytes(&device.bytes())
        .bytes(kind.as_bytes())
        .bytes(id.as_bytes())
        .bytes(key.as_bytes())
        .finish()
}

/// Whether the account key that the list names has signed it.
///
/// # Errors
/// [`Error::BadSignature`] where it has not.
pub fn verify_list(list: &DeviceList) -> Result<()> {
    verify(&list.account_key, &signed_list(list), &list.signature, "the device list")
}

/// Whether the device with this signing key has signed the prekey.
///
/// # Errors
/// [`Error::BadSignature`] where it has not.
pub fn verify_prekey(ed25519: &str, user: UserId, device: DeviceId, kind: PrekeyKind, prekey: &Prekey) -> Result<()> {
    verify(ed25519, &signed_prekey(user, device, kind, &prekey.id, &prekey.key), &prekey.signature, "a prekey")
}

/// Whether the key (Ed25519, base64) has signed these bytes.
pub(crate) fn verify(key: &str, signed: &[u8], signature: &str, what: &'static str) -> Result<()> {
    let key =
        VerifyingKey::from_bytes(&unbase64(key, "a signing key")?).map_err(|_| Error::Malformed("a signing key"))?;
    let signature = Signature::from_bytes(&unbase64(signature, "a signature")?);
    // Strict: refuses keys of small order and signatures that another key could have made too.
    key.verify_strict(signed, &signature).map_err(|_| Error::BadSignature(what))
}

/// So many bytes, from base64.
pub(crate) fn unbase64<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N]> {
    let bytes = STANDARD.decode(text).map_err(|_| Error::Malformed(what))?;
    bytes.try_into().map_err(|_| Error::Malformed(what))
}

/// Bytes of any length, from base64.
#[cfg(feature = "device")]
pub(crate) fn unbase64_vec(text: &str, what: &'static str) -> Result<Vec<u8>> {
    STANDARD.decode(text).map_err(|_| Error::Malformed(what))
}

#[cfg(feature = "device")]
pub(crate) fn to_base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}
