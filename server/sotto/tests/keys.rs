//! Keys and boxes through the doors, with real devices on both sides: what they seal, only they open.

mod world;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use shared_types::Message;
use uuid::Uuid;
use world::{
    phone::{NOW, Phone, direct, parsed},
    served::{Client, Raw, Served},
};

async fn said(socket: &mut Client) -> Value {
    socket.event("message").await
}

#[tokio::test]
async fn what_is_sealed_for_a_device_reaches_it_with_its_box() {
    let pod = Served::alone().await;
    let (mut ana, mut bo) = (Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await);
    let conversation = direct(&pod, &ana, &bo).await;
    let (mut hers, mut his) = (pod.socket(&ana.person.token).await, pod.socket(&bo.person.token).await);
    let both = [ana.user(), bo.user()];
    ana.meet(&pod, &both).await;
    bo.meet(&pod, &both).await;

    let send = ana.seal(&conversation, bo.user(), "hello bo");
    let answer = hers.call("message:send", send.clone()).await;
    assert_eq!(answer["ok"], true, "{answer}");
    let event = said(&mut his).await;
    let opened = bo.read(&event);
    assert_eq!(opened.body, b"hello bo");
    assert_eq!(said(&mut hers).await.get("box"), None, "the sender's own device has none");

    let taken_at = parsed::<Message>(event.clone()).sent_at.0.cast_unsigned();
    let stamp = STANDARD.decode(event["stamp"].as_str().unwrap()).unwrap().try_into().unwrap();
    let report = opened.report(stamp, taken_at);
    assert_eq!(report.verify(&pod.world.policy.franking_key), Ok(()), "what was said can be proven");
    assert!(opened.report(stamp, taken_at + 1).verify(&pod.world.policy.franking_key).is_err());

    let waiting = bo.mailbox(&pod).await;
    assert_eq!(waiting.iter().map(|item| json!(item.id)).collect::<Vec<_>>(), [send["id"].clone()]);
    let (_, synced) = bo.call(&pod, "POST", "/sync", json!({})).await;
    assert_eq!(synced["mailbox"], json!(waiting), "who was away gets it with the rest");
    let (status, _) = bo.call(&pod, "POST", "/mailbox/ack", json!({"ids": [send["id"]]})).await;
    assert_eq!((status, bo.mailbox(&pod).await.len()), (204, 0));

    let (status, _) = ana.call(&pod, "POST", &format!("/conversations/{conversation}/messages"), send).await;
    assert_eq!(status, 202, "sent again, over HTTP: the same answer");
    assert_eq!(bo.read_again(&pod).await, 0);
}

#[tokio::test]
async fn boxes_must_be_for_just_the_devices_that_there_are() {
    let pod = Served::alone().await;
    let (mut ana, mut bo) = (Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await);
    let conversation = direct(&pod, &ana, &bo).await;
    ana.meet(&pod, &[ana.user(), bo.user()]).await;
    let messages = format!("/conversations/{conversation}/messages");

    let good = ana.seal(&conversation, bo.user(), "x");
    let mut without = good.clone();
    without["boxes"] = json!([]);
    let (status, problem) = ana.call(&pod, "POST", &messages, without).await;
    assert_eq!((status, &problem["code"], &problem["field"]), (409, &json!("stale_devices"), &json!("boxes")));
    assert_eq!(problem["refresh"], json!([bo.user()]));

    let mut other = good.clone();
    other["boxes"][0]["device_id"] = json!(Uuid::now_v7());
    assert_eq!(ana.call(&pod, "POST", &messages, other).await.1["code"], "stale_devices");
    let mut broken = good.clone();
    broken["boxes"][0]["body"] = json!("no base64!");
    let (status, problem) = ana.call(&pod, "POST", &messages, broken).await;
    assert_eq!((status, &problem["field"]), (422, &json!("boxes[0].body")));
    let mut plain = good.clone();
    plain["envelope"] = json!({"kind": "plain", "content": {"type": "text", "text": "x"}});
    let (status, problem) = ana.call(&pod, "POST", &messages, plain).await;
    assert_eq!((status, &problem["field"]), (422, &json!("boxes")));

    let (status, answer) = ana.call(&pod, "POST", &messages, good.clone()).await;
    assert_eq!(status, 202, "a refusal uses up nothing: {answer}");
    // What was accepted stays accepted, even once the lists have changed.
    bo.list(&pod, 2).await;
    let (status, _) = ana.call(&pod, "POST", &messages, good).await;
    assert_eq!(status, 202);
}

#[tokio::test]
async fn a_list_must_be_signed_complete_and_newer() {
    let pod = Served::alone().await;
    let mut ana = Phone::new(&pod, "ana").await;
    let list = ana.new_list(1);
    let (status, problem) = ana.call(&pod, "PUT", "/keys/account", list.clone()).await;
    assert_eq!((status, &problem["field"]), (422, &json!("devices[0]")), "it has brought no keys yet");
    ana.bring_keys(&pod).await;
    let broken = |field: &str, value: Value| {
        let mut list = list.clone();
        *list.pointer_mut(field).unwrap() = value;
        list
    };
    let twice = json!([list["devices"][0], list["devices"][0]]);
    for (field, value, named) in [
        ("/version", json!(2), "signature"),
        ("/version", json!(0), "version"),
        ("/account_key", json!("AAAA"), "account_key"),
        ("/signature", json!("AAAA"), "signature"),
        ("/devices", json!([]), "devices"),
        ("/devices", twice, "devices[1].id"),
        ("/devices/0/ed25519", json!("x"), "devices[0].ed25519"),
        ("/devices/0/curve25519", json!(""), "devices[0].curve25519"),
    ] {
        let (status, problem) = ana.call(&pod, "PUT", "/keys/account", broken(field, value)).await;
        assert_eq!((status, &problem["field"]), (422, &json!(named)), "{field}");
    }
    assert_eq!(ana.call(&pod, "GET", &format!("/users/{}/devices", ana.person.id), Value::Null).await.0, 404);
    assert_eq!(ana.call(&pod, "PUT", "/keys/account", list.clone()).await.0, 204);
    assert_eq!(ana.call(&pod, "PUT", "/keys/account", list).await.0, 204, "the answer may have been lost");
    ana.list(&pod, 3).await;
    let (status, problem) = ana.call(&pod, "PUT", "/keys/account", ana.new_list(2)).await;
    assert_eq!((status, &problem["code"], &problem["field"]), (409, &json!("stale_version"), &json!("version")));
}

#[tokio::test]
async fn prekeys_that_are_none_are_named() {
    let pod = Served::alone().await;
    let mut ana = Phone::new(&pod, "ana").await;
    let good = json!(ana.device.new_prekeys(0, NOW).unwrap());
    let broken = |field: &str, value: Value| {
        let mut keys = good.clone();
        *keys.pointer_mut(field).unwrap() = value;
        keys
    };
    let first = good["one_time"][0].clone();
    let id = first["id"].as_str().unwrap().to_owned();
    for (keys, named) in [
        (broken("/one_time/0/key", json!("AAAA")), "one_time[0].key".to_owned()),
        (broken("/one_time/0/id", json!("")), "one_time[0].id".to_owned()),
        (broken("/one_time/1", first.clone()), "one_time[1].id".to_owned()),
        (broken("/one_time", json!(vec![first; 51])), "one_time".to_owned()),
        (broken("/fallback/key", json!("AAAA")), "fallback.key".to_owned()),
        (broken("/kem/key", json!("AAAA")), "kem.key".to_owned()),
        (broken(&format!("/signatures/{}", id.replace('/', "~1")), json!("AAAA")), format!("signatures.{id}")),
        (broken("/signatures", json!({})), "signatures".to_owned()),
    ] {
        let (status, problem) = ana.call(&pod, "PUT", "/keys/device", keys).await;
        assert_eq!((status, &problem["field"]), (422, &json!(named)));
    }
    assert_eq!(ana.call(&pod, "PUT", "/keys/device", good.clone()).await.1, json!({"one_time_left": 50}));
    assert_eq!(ana.call(&pod, "PUT", "/keys/device", good).await.1, json!({"one_time_left": 50}), "twice is once");
}

#[tokio::test]
async fn a_device_that_runs_low_is_asked_for_more() {
    let pod = Served::alone().await;
    let (ana, bo) = (Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await);
    let mut his = pod.socket(&bo.person.token).await;
    let claim = json!({"devices": [bo.device.me()]});
    for _ in 0..31 {
        assert_eq!(ana.call(&pod, "POST", "/keys/claim", claim.clone()).await.0, 200);
    }
    let wanted = json!({"device_id": bo.device.me().device_id, "one_time_left": 19});
    assert_eq!(his.event("keys").await, wanted);
    for (devices, named) in [(json!([]), "devices"), (json!(vec![0; 1]), "devices[0]")] {
        let (status, problem) = ana.call(&pod, "POST", "/keys/claim", json!({"devices": devices})).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem["field"].as_str().unwrap().starts_with(named), "{problem}");
    }
}

#[tokio::test]
async fn mail_goes_only_to_devices_of_people_one_shares_the_conversation_with() {
    let pod = Served::alone().await;
    let (ana, bo, eve) =
        (Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await, Phone::known(&pod, "eve").await);
    let conversation = direct(&pod, &ana, &bo).await;
    let mail = |id: Uuid, to: &Phone| {
        let mut key_box = json!(to.device.me());
        key_box["body"] = json!("Ym94");
        json!({"mail": [{"id": id, "conversation_id": conversation, "box": key_box}]})
    };
    let (mut his, mut hers) = (pod.socket(&bo.person.token).await, pod.socket(&ana.person.token).await);
    let id = Uuid::now_v7();
    for _ in 0..2 {
        assert_eq!(ana.call(&pod, "POST", "/mailbox", mail(id, &bo)).await.0, 204);
    }
    let event = his.event("mailbox").await;
    assert_eq!((&event["count"], &event["items"][0]["id"]), (&json!(1), &json!(id)));
    assert_eq!(bo.mailbox(&pod).await.len(), 1, "twice is once");
    assert_eq!(ana.call(&pod, "POST", "/mailbox", mail(id, &eve)).await.1["field"], "mail[0].box.user_id");
    assert_eq!(eve.call(&pod, "POST", "/mailbox", mail(id, &bo)).await.0, 404, "she is not in it");
    assert_eq!(ana.call(&pod, "POST", "/mailbox", mail(id, &ana)).await.1["field"], "mail[0].box.device_id");
    assert_eq!(ana.call(&pod, "POST", "/mailbox", json!({"mail": []})).await.1["field"], "mail");
    assert_eq!(ana.call(&pod, "POST", "/mailbox/ack", json!({"ids": []})).await.1["field"], "ids");
    let (status, _) = pod.raw("GET", "/api/v1/mailbox", Raw::default()).await;
    assert_eq!(status, 401);
    assert_eq!(hers.call("presence:watch", json!({"user_ids": []})).await["ok"], true);
    assert!(!hers.has_heard("mailbox"), "only the device that it is for hears of it");
}

#[tokio::test]
async fn the_devices_of_a_person_link_each_other_and_nobody_else_hears_of_it() {
    let pod = Served::alone().await;
    let (mut ana, bo) = (Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await);
    let web = ana.linked(&pod).await;
    let mut hers = pod.socket(&ana.person.token).await;
    let (mut on_web, mut his) = (pod.socket(&web.person.token).await, pod.socket(&bo.person.token).await);
    let (phone, web) = (ana.device.me().device_id, web.device.me().device_id);
    assert_eq!(on_web.call("link", json!({"body": "a key"})).await, json!({"ok": true}));
    assert_eq!(hers.event("link").await, json!({"from": web, "body": "a key"}));
    assert_eq!(hers.call("link", json!({"to": web, "body": "x".repeat(4_096)})).await["ok"], true);
    assert_eq!(on_web.event("link").await["from"], json!(web), "its own, by which nobody is harmed");
    let answer = on_web.event("link").await;
    assert_eq!((&answer["from"], &answer["to"]), (&json!(phone), &json!(web)));
    for body in [String::new(), "x".repeat(4_097)] {
        assert_eq!(hers.call("link", json!({"body": body})).await["error"]["field"], "body");
    }
    assert_eq!(his.call("presence:watch", json!({"user_ids": []})).await["ok"], true);
    assert!(!his.has_heard("link"));
}

#[tokio::test]
async fn what_a_removed_device_left_is_gone() {
    let pod = Served::alone().await;
    let (mut ana, mut bo) = (Phone::known(&pod, "ana").await, Phone::known(&pod, "bo").await);
    let web = bo.linked(&pod).await;
    let conversation = direct(&pod, &ana, &bo).await;
    ana.meet(&pod, &[ana.user(), bo.user()]).await;
    let send = ana.seal(&conversation, bo.user(), "x");
    assert_eq!(send["boxes"].as_array().unwrap().len(), 2);
    let messages = format!("/conversations/{conversation}/messages");
    assert_eq!(ana.call(&pod, "POST", &messages, send).await.0, 202);
    web.has_mail(&pod).await;
    assert_eq!(bo.mailbox(&pod).await.len(), 1);

    let mut his = pod.socket(&bo.person.token).await;
    bo.list(&pod, 3).await;
    assert_eq!(his.event("devices").await, json!({"version": 3}));
    assert_eq!((web.mailbox(&pod).await.len(), bo.mailbox(&pod).await.len()), (0, 1));
    let claimed = ana.call(&pod, "POST", "/keys/claim", json!({"devices": [web.device.me()]})).await.1;
    assert_eq!(claimed, json!({"keys": []}));
    let stale = ana.seal(&conversation, bo.user(), "y");
    assert_eq!(ana.call(&pod, "POST", &messages, stale).await.1["code"], "stale_devices");
    ana.meet(&pod, &[bo.user()]).await;
    let fresh = ana.seal(&conversation, bo.user(), "z");
    assert_eq!(fresh["boxes"].as_array().unwrap().len(), 1);
    assert_eq!(ana.call(&pod, "POST", &messages, fresh).await.0, 202);
}

#[tokio::test]
async fn a_device_says_how_it_goes_in_numbers() {
    let pod = Served::alone().await;
    let ana = Phone::new(&pod, "ana").await;
    let report = |undecryptable: u64, repaired: u64| json!({"undecryptable": undecryptable, "repaired": repaired});
    assert_eq!(ana.call(&pod, "POST", "/keys/health", report(2, 1)).await.0, 204);
    for (body, named) in [
        (report(10_001, 0), "undecryptable"),
        (report(0, 10_001), "repaired"),
        (json!({"repaired": 1}), "undecryptable"),
        (json!({"undecryptable": -1, "repaired": 1}), "undecryptable"),
    ] {
        let (status, problem) = ana.call(&pod, "POST", "/keys/health", body).await;
        assert_eq!((status, &problem["field"]), (422, &json!(named)), "{problem}");
    }
}
