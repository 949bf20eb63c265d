//! The contract of [`crate::ports::Keys`].
#![expect(clippy::unwrap_used, reason = "a failing port fails the test")]

use shared_types::{
    DeviceId, Timestamp,
    keys::{Address, DeviceKeys, DeviceList, Prekey, PrekeyKind},
};
use uuid::Uuid;

use crate::{App, ports::Prekeys};

/// A device of a new person.
pub(super) fn device() -> Address {
    Address { user_id: super::user(), device_id: DeviceId(Uuid::now_v7()) }
}

fn list(device: Address, version: u64) -> DeviceList {
    let keys = DeviceKeys { id: device.device_id, ed25519: "e".into(), curve25519: version.to_string() };
    DeviceList { user_id: device.user_id, account_key: "a".into(), version, devices: vec![keys], signature: "s".into() }
}

fn key(id: &str) -> Prekey {
    Prekey { id: id.into(), key: format!("key {id}"), signature: format!("signature {id}") }
}

fn complete(one_time: &[&str]) -> Prekeys {
    Prekeys { one_time: one_time.iter().map(|id| key(id)).collect(), fallback: Some(key("f")), kem: Some(key("k")) }
}

/// Of two lists the one of the higher version stays, whoever comes last; the same one again is no error.
pub async fn a_list_only_rises(app: &App) {
    let ana = device();
    for (version, stands) in [(2, true), (1, false), (2, true), (5, true), (4, false)] {
        assert_eq!(app.keys.put_list(&list(ana, version)).await.unwrap(), stands, "{version}");
    }
    let mut fork = list(ana, 5);
    fork.signature = "another".into();
    assert!(!app.keys.put_list(&fork).await.unwrap(), "another of the same version");
    assert_eq!(app.keys.lists(&[ana.user_id]).await.unwrap(), [list(ana, 5)]);

    let (one, other) = (list(ana, 6), { DeviceList { account_key: "b".into(), ..list(ana, 6) } });
    let (first, second) = super::join(app.keys.put_list(&one), app.keys.put_list(&other)).await;
    assert_ne!(first.unwrap(), second.unwrap(), "of two who race, one wins");
}

/// Who has none is left out.
pub async fn lists_are_found_by_their_people(app: &App) {
    let (ana, bo, cy) = (device(), device(), device());
    for person in [ana, bo] {
        app.keys.put_list(&list(person, 1)).await.unwrap();
    }
    let mut found = app.keys.lists(&[ana.user_id, bo.user_id, cy.user_id]).await.unwrap();
    found.sort_by_key(|list| list.user_id);
    let mut both = [list(ana, 1), list(bo, 1)];
    both.sort_by_key(|list| list.user_id);
    assert_eq!(found, both);
    assert_eq!(app.keys.lists(&[]).await.unwrap(), []);
}

/// Whoever races for it.
pub async fn a_one_time_key_is_given_once(app: &App) {
    let (ana, bo, nobody) = (device(), device(), device());
    app.keys.put_prekeys(ana, &complete(&["1", "2"]), Timestamp(5)).await.unwrap();
    app.keys.put_prekeys(bo, &complete(&["1"]), Timestamp(5)).await.unwrap();
    let only_one_time = Prekeys { one_time: vec![key("1")], ..Prekeys::default() };
    app.keys.put_prekeys(nobody, &only_one_time, Timestamp(5)).await.unwrap();

    let both = [ana, bo, nobody, device()];
    let (one, other) = super::join(app.keys.claim(&both), app.keys.claim(&both)).await;
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((one.len(), other.len()), (2, 2), "who has not all it takes is left out");
    let of = |claimed: &[shared_types::keys::ClaimedKeys], device: Address| {
        claimed.iter().find(|keys| keys.address == device).unwrap().clone()
    };
    assert_ne!(of(&one, ana).prekey, of(&other, ana).prekey);
    assert_eq!((of(&one, ana).kind, of(&one, ana).kem), (PrekeyKind::OneTime, key("k")));
    let kinds = [of(&one, bo).kind, of(&other, bo).kind];
    assert!(kinds.contains(&PrekeyKind::OneTime) && kinds.contains(&PrekeyKind::Fallback), "{kinds:?}");
    let stocks = app.keys.stocks(&[ana, nobody, device()]).await.unwrap();
    let left: Vec<_> = stocks.iter().map(|(device, stock)| (*device, stock.one_time_left, stock.is_complete)).collect();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&(ana, 0, true)) && left.contains(&(nobody, 1, false)), "{left:?}");
}

/// Again and again.
pub async fn the_fallback_serves_when_none_is_left(app: &App) {
    let ana = device();
    app.keys.put_prekeys(ana, &complete(&[]), Timestamp(5)).await.unwrap();
    for _ in 0..3 {
        let claimed = app.keys.claim(&[ana]).await.unwrap();
        assert_eq!((claimed[0].kind, &claimed[0].prekey), (PrekeyKind::Fallback, &key("f")));
    }
    let renewed = Prekeys { fallback: Some(key("f2")), kem: Some(key("k2")), ..Prekeys::default() };
    app.keys.put_prekeys(ana, &renewed, Timestamp(9)).await.unwrap();
    let claimed = app.keys.claim(&[ana]).await.unwrap().remove(0);
    assert_eq!((claimed.prekey, claimed.kem), (key("f2"), key("k2")));
}

/// The answer to the first time may have been lost.
pub async fn bringing_keys_twice_is_bringing_them_once(app: &App) {
    let ana = device();
    let keys = complete(&["1", "2", "3"]);
    assert_eq!(app.keys.put_prekeys(ana, &keys, Timestamp(5)).await.unwrap().one_time_left, 3);
    let stock = app.keys.put_prekeys(ana, &keys, Timestamp(7)).await.unwrap();
    assert_eq!((stock.one_time_left, stock.renewed_at, stock.is_complete), (3, Timestamp(7), true));
    let more = Prekeys { one_time: vec![key("3"), key("4")], ..Prekeys::default() };
    let stock = app.keys.put_prekeys(ana, &more, Timestamp(9)).await.unwrap();
    assert_eq!((stock.one_time_left, stock.renewed_at), (4, Timestamp(7)), "one-time keys renew nothing");
}

/// Who has few one-time keys, or old ones.
pub async fn who_wants_keys_is_found(app: &App) {
    let (few, old, well) = (device(), device(), device());
    let now = Timestamp(1_000_000);
    app.keys.put_prekeys(few, &complete(&["1"]), now).await.unwrap();
    app.keys.put_prekeys(old, &complete(&["1", "2", "3"]), Timestamp(0)).await.unwrap();
    app.keys.put_prekeys(well, &complete(&["1", "2", "3"]), now).await.unwrap();
    let found = app.keys.wanting(2, now, 10_000).await.unwrap();
    assert!(found.contains(&few) && found.contains(&old) && !found.contains(&well));
    assert_eq!(app.keys.wanting(2, now, 1).await.unwrap().len(), 1);
}

/// Its keys are gone, and others' are not.
pub async fn a_forgotten_device_has_nothing(app: &App) {
    let (ana, bo) = (device(), device());
    for device in [ana, bo] {
        app.keys.put_prekeys(device, &complete(&["1"]), Timestamp(5)).await.unwrap();
    }
    app.keys.forget(ana).await.unwrap();
    app.keys.forget(ana).await.unwrap();
    let claimed = app.keys.claim(&[ana, bo]).await.unwrap();
    assert_eq!(claimed.iter().map(|keys| keys.address).collect::<Vec<_>>(), [bo]);
}
