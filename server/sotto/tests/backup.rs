//! The backup through the doors: what one device puts there, another brings back with the recovery key alone.

mod world;

use crypto_core::{
    backup::{Lock, RecoveryKey, Secret},
    device::{Device, Received},
    secret::Key,
};
use serde_json::{Value, json};
use shared_types::{DeviceId, Message, keys::Address};
use uuid::Uuid;
use world::{
    phone::{NOW, Phone, direct, parsed},
    served::Served,
};

#[tokio::test]
async fn a_new_device_reads_on_with_the_recovery_key_alone() {
    let pod = Served::alone().await;
    let (mut ana, mut bo) = (Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await);
    let conversation = direct(&pod, &ana, &bo).await;
    ana.meet(&pod, &[ana.user(), bo.user()]).await;
    bo.meet(&pod, &[ana.user(), bo.user()]).await;
    let mut to_bo = pod.socket(&bo.person.token).await;
    let sealed = ana.seal(&conversation, bo.user(), "remember me");
    assert_eq!(ana.call(&pod, "POST", &format!("/conversations/{conversation}/messages"), sealed).await.0, 202);
    let event = to_bo.event("message").await;
    let message: Message = parsed(event.clone());
    assert_eq!(bo.device.receive(&parsed(event["box"].clone()), NOW), Ok(Received::Key(message.id)));
    let kept = bo.device.changes(NOW).records.into_iter().find(|record| record.name == Device::record_of(&message));
    let kept = kept.unwrap().sealed.unwrap();

    let recovery = RecoveryKey::generate();
    let lock = Lock::new(&mut bo.device, &Secret::Recovery(&recovery)).unwrap();
    let put = json!({"version": 1, "recovery": json!(lock).to_string()});
    assert_eq!(bo.call(&pod, "PUT", "/keys/backup", put).await.0, 204);
    let part = bo.device.back_up(0, &[(Device::record_of(&message), kept)]).unwrap();
    let put = json!({"version": 2, "part": part});
    assert_eq!(bo.call(&pod, "PUT", "/keys/backup/parts/0", put).await.0, 204);

    let other = Address { user_id: bo.user(), device_id: DeviceId(Uuid::now_v7()) };
    let mut new = Device::create(other, Key::random());
    let (_, backup) = bo.call(&pod, "GET", "/keys/backup", Value::Null).await;
    assert_eq!((&backup["version"], &backup["parts"]), (&json!(2), &json!(1)));
    let lock: Lock = serde_json::from_str(backup["recovery"].as_str().unwrap()).unwrap();
    let typed = RecoveryKey::read(&recovery.shown().to_lowercase()).unwrap();
    lock.open(&Secret::Recovery(&typed), &mut new).unwrap();
    assert_eq!(new.account_key(), bo.device.account_key());
    let (_, part) = bo.call(&pod, "GET", "/keys/backup/parts/0", Value::Null).await;
    new.restore(0, part["part"].as_str().unwrap()).unwrap();
    let restored = new.changes(NOW).records.into_iter().find(|record| record.name == Device::record_of(&message));
    assert_eq!(new.open(&message, restored.unwrap().sealed.as_deref()).unwrap().body, b"remember me");
}

#[tokio::test]
async fn two_devices_do_not_write_over_each_other() {
    let pod = Served::alone().await;
    let ana = Phone::new(&pod, "ana").await;
    let bo = Phone::new(&pod, "bo").await;
    let part = |number: u32, version: u64, words: &str| {
        (format!("/keys/backup/parts/{number}"), json!({"version": version, "part": words}))
    };
    assert_eq!(ana.call(&pod, "GET", "/keys/backup", Value::Null).await.0, 404);
    let (path, body) = part(0, 1, "x");
    assert_eq!(ana.call(&pod, "PUT", &path, body).await.0, 404, "locks come first");
    let locks = json!({"version": 1, "recovery": "r", "passphrase": "p"});
    for _ in 0..2 {
        assert_eq!(ana.call(&pod, "PUT", "/keys/backup", locks.clone()).await.0, 204);
    }
    for ((path, body), status, named) in [
        (part(0, 3, "x"), 409, "version"),
        (part(0, 1, "x"), 409, "version"),
        (part(1, 2, "x"), 422, "number"),
        (part(0, 2, ""), 422, "part"),
        (part(0, 2, &"x".repeat(196_609)), 422, "part"),
    ] {
        let (told, problem) = ana.call(&pod, "PUT", &path, body).await;
        assert_eq!((told, &problem["field"]), (status, &json!(named)), "{problem}");
    }
    for (number, version, words) in [(0, 2, "first"), (0, 3, "first, anew"), (1, 4, "second")] {
        let (path, body) = part(number, version, words);
        assert_eq!(ana.call(&pod, "PUT", &path, body).await.0, 204);
    }
    let (path, body) = part(0, 5, "too late");
    assert_eq!(ana.call(&pod, "PUT", &path, body).await.1["field"], "number", "only the last is written anew");
    for (number, words) in [(0, "first, anew"), (1, "second")] {
        let (_, found) = ana.call(&pod, "GET", &format!("/keys/backup/parts/{number}"), Value::Null).await;
        assert_eq!(found["part"], words);
    }
    assert_eq!(ana.call(&pod, "GET", "/keys/backup/parts/2", Value::Null).await.0, 404);
    assert_eq!(ana.call(&pod, "GET", "/keys/backup/parts/x", Value::Null).await.1["field"], "number");
    assert_eq!(bo.call(&pod, "GET", "/keys/backup/parts/0", Value::Null).await.0, 404, "nobody else's");
    let other = json!({"version": 5, "recovery": "anew"});
    assert_eq!(ana.call(&pod, "PUT", "/keys/backup", other).await.0, 204);
    let (_, backup) = ana.call(&pod, "GET", "/keys/backup", Value::Null).await;
    assert_eq!(backup, json!({"version": 5, "recovery": "anew", "parts": 2}));
    let (_, problem) = ana.call(&pod, "PUT", "/keys/backup", json!({"version": 6, "recovery": ""})).await;
    assert_eq!(problem["field"], "recovery");
    assert_eq!(ana.call(&pod, "DELETE", "/keys/backup", Value::Null).await.0, 204);
    assert_eq!(ana.call(&pod, "GET", "/keys/backup", Value::Null).await.0, 404);
    assert_eq!(ana.call(&pod, "GET", "/keys/backup/parts/0", Value::Null).await.0, 404);
}
