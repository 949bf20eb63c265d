//! Public keys and boxes: what shape they must have, and whom a box must be for.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_core::list::verify_list;
use shared_types::{
    Code, Sealed, UserId,
    keys::{Address, DeviceList, KeyBox, NewDeviceList, NewPrekeys, Prekey, PublicKey},
};

use crate::{Refusal, ports::Prekeys};

/// The most devices of one person.
pub const MOST_DEVICES: usize = 32;
/// The most one-time keys in one call.
pub const MOST_ONE_TIME: usize = 50;
/// With fewer one-time keys than this, a device is asked for more.
pub const FEW_ONE_TIME: u32 = 20;
/// Fallback and post-quantum keys older than this are to be replaced.
pub const RENEW_AFTER_MS: i64 = 7 * 24 * 3_600_000;
/// How long a box waits for its device.
pub const MAIL_LASTS_MS: i64 = 30 * 24 * 3_600_000;
/// The largest box, in bytes of its base64.
pub const MOST_BOX: usize = 8 * 1_024;

const ED25519: usize = 32;
const CURVE25519: usize = 32;
const SIGNATURE: usize = 64;
/// An ML-KEM-768 public key, and what is encapsulated to it.
const KEM_KEY: usize = 1_184;
const KEM_CIPHERTEXT: usize = 1_088;
/// The largest number that every client can count to: 2^53 - 1.
const MOST_VERSION: u64 = 9_007_199_254_740_991;

/// Whether text is base64 of so many bytes.
fn bytes(field: impl FnOnce() -> String, text: &str, count: usize) -> Result<(), Refusal> {
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() == count => Ok(()),
        Ok(_) | Err(_) => Err(Refusal::field(field(), format!("base64 of {count} bytes"))),
    }
}

/// Checks a list of devices: its shape, and that the key it names has signed it.
pub fn check_list(user: UserId, new: NewDeviceList) -> Result<DeviceList, Refusal> {
    bytes(|| "account_key".into(), &new.account_key, ED25519)?;
    bytes(|| "signature".into(), &new.signature, SIGNATURE)?;
    if !(1..=MOST_VERSION).contains(&new.version) {
        return Err(Refusal::field("version", format!("1 to {MOST_VERSION}")));
    }
    if !(1..=MOST_DEVICES).contains(&new.devices.len()) {
        return Err(Refusal::field("devices", format!("1 to {MOST_DEVICES}")));
    }
    for (place, device) in new.devices.iter().enumerate() {
        bytes(|| format!("devices[{place}].ed25519"), &device.ed25519, ED25519)?;
        bytes(|| format!("devices[{place}].curve25519"), &device.curve25519, CURVE25519)?;
        if new.devices[..place].iter().any(|other| other.id == device.id) {
            return Err(Refusal::field(format!("devices[{place}].id"), "each device once"));
        }
    }
    let NewDeviceList { account_key, version, devices, signature } = new;
    let list = DeviceList { user_id: user, account_key, version, devices, signature };
    verify_list(&list).map_err(|_| Refusal::field("signature", "by `account_key`, over this list and its user"))?;
    Ok(list)
}

/// Checks the shape of prekeys; whether they are signed by their device, those who use them see for themselves.
pub fn check_prekeys(new: NewPrekeys) -> Result<Prekeys, Refusal> {
    if new.one_time.len() > MOST_ONE_TIME {
        return Err(Refusal::field("one_time", format!("at most {MOST_ONE_TIME}")));
    }
    let mut seen = BTreeSet::new();
    let mut signed = |field: String, key: PublicKey, count: usize| {
        if !(1..=32).contains(&key.id.len()) || !key.id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Refusal::field(format!("{field}.id"), "1 to 32 visible ASCII characters"));
        }
        bytes(|| format!("{field}.key"), &key.key, count)?;
        let signature = new.signatures.get(&key.id);
        let signature = signature.ok_or_else(|| Refusal::field("signatures", format!("one for key {:?}", key.id)))?;
        bytes(|| format!("signatures.{}", key.id), signature, SIGNATURE)?;
        if !seen.insert(key.id.clone()) {
            return Err(Refusal::field(format!("{field}.id"), "each id once"));
        }
        Ok(Prekey { id: key.id, key: key.key, signature: signature.clone() })
    };
    let one_time = new.one_time.into_iter().enumerate();
    Ok(Prekeys {
        one_time: one_time
            .map(|(place, key)| signed(format!("one_time[{place}]"), key, CURVE25519))
            .collect::<Result<_, _>>()?,
        fallback: new.fallback.map(|key| signed("fallback".into(), key, CURVE25519)).transpose()?,
        kem: new.kem.map(|key| signed("kem".into(), key, KEM_KEY)).transpose()?,
    })
}

/// Checks the shape of a box.
pub fn check_box(field: &str, key_box: &KeyBox) -> Result<(), Refusal> {
    if !(1..=MOST_BOX).contains(&key_box.body.len()) || STANDARD.decode(&key_box.body).is_err() {
        return Err(Refusal::field(format!("{field}.body"), format!("base64 of 1 to {MOST_BOX} characters")));
    }
    let Some(kem) = &key_box.kem else { return Ok(()) };
    if !(1..=32).contains(&kem.key_id.len()) {
        return Err(Refusal::field(format!("{field}.kem.key_id"), "1 to 32 characters"));
    }
    bytes(|| format!("{field}.kem.ciphertext"), &kem.ciphertext, KEM_CIPHERTEXT)
}

/// Whether there is just one box for each listed device but the sender's own.
pub fn fits(boxes: &[KeyBox], lists: &[DeviceList], sender: Address) -> Result<(), Refusal> {
    for (place, key_box) in boxes.iter().enumerate() {
        check_box(&format!("boxes[{place}]"), key_box)?;
        if boxes[..place].iter().any(|other| other.to == key_box.to) {
            return Err(Refusal::field(format!("boxes[{place}].device_id"), "one box for each device"));
        }
    }
    let given: BTreeSet<Address> = boxes.iter().map(|key_box| key_box.to).collect();
    let needed: BTreeSet<Address> = lists
        .iter()
        .flat_map(|list| list.devices.iter().map(|device| Address { user_id: list.user_id, device_id: device.id }))
        .filter(|address| *address != sender)
        .collect();
    let stale: BTreeSet<UserId> = given.symmetric_difference(&needed).map(|address| address.user_id).collect();
    if stale.is_empty() {
        return Ok(());
    }
    let refused = Refusal::new(Code::StaleDevices, "the boxes are not for just the devices that there are now");
    Err(Refusal { field: Some("boxes".into()), refresh: stale.into_iter().collect(), ..refused })
}

/// Whether a group's message was sealed for its members as they are now.
pub fn fits_epoch(sealed: &Sealed, now: u64) -> Result<(), Refusal> {
    let field = "envelope.context.epoch";
    let context = sealed.context.as_ref().ok_or_else(|| Refusal::field(field, "required: the members are signed"))?;
    if context.epoch == now {
        return Ok(());
    }
    let refused = Refusal::new(Code::StaleEpoch, format!("the members are at statement {now}"));
    Err(Refusal { field: Some(field.into()), ..refused })
}

/// Whether the sender in a group knows the lists of all its members as they are now.
pub fn fits_roster(roster: Option<u64>, lists: &[DeviceList]) -> Result<(), Refusal> {
    let rule = "required: the sum of the versions of the members' device lists";
    let roster = roster.ok_or_else(|| Refusal::field("roster", rule))?;
    if roster == lists.iter().map(|list| list.version).fold(0, u64::wrapping_add) {
        return Ok(());
    }
    let refused = Refusal::new(Code::StaleDevices, "a member's devices have changed");
    let refresh = lists.iter().map(|list| list.user_id).collect();
    Err(Refusal { field: Some("roster".into()), refresh, ..refused })
}

#[cfg(test)]
mod tests {
    use shared_types::{DeviceId, keys::DeviceKeys};

    use super::*;

    fn address(user: u8, device: u8) -> Address {
        Address { user_id: [user; 16].into(), device_id: DeviceId::from([device; 16]) }
    }

    fn list(user: u8, devices: &[u8]) -> DeviceList {
        let keys = |device: &u8| DeviceKeys {
            id: DeviceId::from([*device; 16]),
            ed25519: String::new(),
            curve25519: String::new(),
        };
        DeviceList {
            user_id: [user; 16].into(),
            account_key: String::new(),
            version: 1,
            devices: devices.iter().map(keys).collect(),
            signature: String::new(),
        }
    }

    fn box_for(to: Address) -> KeyBox {
        KeyBox { to, body: "Ym94".into(), kem: None }
    }

    #[test]
    fn boxes_fit_when_every_device_but_ones_own_has_one() {
        let lists = [list(1, &[1, 2]), list(2, &[3])];
        let me = address(1, 1);
        let boxes = [box_for(address(1, 2)), box_for(address(2, 3))];
        assert_eq!(fits(&boxes, &lists, me), Ok(()));
        assert_eq!(fits(&[], &[], me), Ok(()), "where nobody has devices yet");
        let stale = |boxes: &[KeyBox]| fits(boxes, &lists, me).unwrap_err();
        let missing = stale(&boxes[..1]);
        assert_eq!((missing.code, missing.refresh), (Code::StaleDevices, vec![[2; 16].into()]));
        let own = stale(&[box_for(me), boxes[0].clone(), boxes[1].clone()]);
        assert_eq!((own.code, own.refresh), (Code::StaleDevices, vec![[1; 16].into()]));
        let gone = stale(&[boxes[0].clone(), boxes[1].clone(), box_for(address(2, 9))]);
        assert_eq!(gone.refresh, vec![[2; 16].into()]);
        let twice = stale(&[boxes[0].clone(), boxes[0].clone()]);
        assert_eq!((twice.code, twice.field.as_deref()), (Code::Invalid, Some("boxes[1].device_id")));
    }

    #[test]
    fn a_groups_message_is_for_the_members_and_devices_of_now() {
        let context = shared_types::entry::SealContext { epoch: 3, ts: 0, commitment: String::new() };
        let sealed = Sealed { scheme: "x".into(), ciphertext: String::new(), context: Some(context), group: None };
        assert_eq!(fits_epoch(&sealed, 3), Ok(()));
        for now in [2, 4] {
            assert_eq!(fits_epoch(&sealed, now).unwrap_err().code, Code::StaleEpoch);
        }
        let bare = Sealed { context: None, ..sealed };
        assert_eq!(fits_epoch(&bare, 3).unwrap_err().code, Code::Invalid);

        let lists = [list(1, &[1]), DeviceList { version: 4, ..list(2, &[3]) }];
        assert_eq!(fits_roster(Some(5), &lists), Ok(()));
        let stale = fits_roster(Some(4), &lists).unwrap_err();
        assert_eq!((stale.code, stale.refresh), (Code::StaleDevices, vec![[1; 16].into(), [2; 16].into()]));
        assert_eq!(fits_roster(None, &lists).unwrap_err().field.as_deref(), Some("roster"));
    }

    #[test]
    fn a_box_that_is_none_is_named() {
        let fields = |key_box: &KeyBox| check_box("boxes[0]", key_box).unwrap_err().field.unwrap().into_owned();
        let good = box_for(address(1, 2));
        assert_eq!(check_box("boxes[0]", &good), Ok(()));
        assert_eq!(fields(&KeyBox { body: "no base64!".into(), ..good.clone() }), "boxes[0].body");
        assert_eq!(fields(&KeyBox { body: String::new(), ..good.clone() }), "boxes[0].body");
        assert_eq!(fields(&KeyBox { body: "QUFB".repeat(MOST_BOX), ..good.clone() }), "boxes[0].body");
        let kem = shared_types::keys::KemPart { key_id: "k".into(), ciphertext: "AAAA".into() };
        assert_eq!(fields(&KeyBox { kem: Some(kem), ..good }), "boxes[0].kem.ciphertext");
    }
}
