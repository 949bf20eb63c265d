//! The socket door: real frames over a real connection.

mod world;

use std::sync::Arc;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest as _};
use uuid::Uuid;
use world::{
    World,
    served::{Raw, Served, plain},
};

#[tokio::test]
async fn two_people_talk_and_see_what_the_other_does() {
    let pod = Served::alone().await;
    let (ana, bo, id) = pod.pair().await;
    let (mut hers, mut his, mut her_phone) =
        (pod.socket(&ana.token).await, pod.socket(&bo.token).await, pod.socket(&ana.token).await);

    let states = hers.call("presence:watch", json!({"user_ids": [bo.id]})).await;
    assert_eq!((&states["ok"], &states["states"][0]["online"]), (&json!(true), &json!(true)));
    his.call("typing", json!({"conversation_id": id, "active": true})).await;
    assert_eq!(hers.event("typing").await, json!({"conversation_id": id, "user_id": bo.id, "active": true}));

    let message = Uuid::now_v7();
    let send = json!({"conversation_id": id, "id": message, "envelope": plain("hello")});
    assert_eq!(hers.call("message:send", send).await, json!({"ok": true, "id": message, "status": "accepted"}));
    for socket in [&mut hers, &mut his, &mut her_phone] {
        let event = socket.event("message").await;
        assert_eq!((&event["id"], &event["seq"], &event["kind"]), (&json!(message), &json!(1), &json!("message")));
    }
    let answer = his.call("receipt", json!({"conversation_id": id, "read_seq": 1})).await;
    assert_eq!(answer, json!({"ok": true}));
    let receipt = json!({"conversation_id": id, "user_id": bo.id, "delivered_seq": 1, "read_seq": 1});
    assert_eq!(hers.event("receipt").await, receipt);
    assert_eq!(her_phone.event("receipt").await, receipt);

    drop(his);
    let gone = hers.event("presence").await;
    assert_eq!((&gone["user_id"], &gone["online"]), (&json!(bo.id), &json!(false)));
}

#[tokio::test]
async fn ready_tells_where_every_conversation_stands() {
    let pod = Served::alone().await;
    let (ana, _, id) = pod.pair().await;
    let mut socket = pod.engine().await;
    socket.send(&format!("40{}", json!({"token": ana.token}))).await;
    assert!(socket.text().await.unwrap().starts_with(r#"40{"sid":"#));
    let ready = socket.event("ready").await;
    assert_eq!(ready["heads"], json!({id: 0}));
    assert!(ready["pod"].is_string() && ready["server_time"].is_string());
}

#[tokio::test]
async fn a_refused_connection_says_why_where_clients_look() {
    let pod = Served::alone().await;
    for auth in ["40", r#"40{"token":"nonsense"}"#, r#"40{"token":7}"#, r#"40["x"]"#] {
        let mut socket = pod.engine().await;
        socket.send(auth).await;
        let text = socket.text().await.unwrap();
        let error: Value = serde_json::from_str(text.strip_prefix("44").unwrap_or_else(|| panic!("{text}"))).unwrap();
        assert_eq!(error["data"]["code"], "unauthorized", "{auth}");
        assert!(error["message"].is_string());
    }
    let ana = pod.person("ana").await;
    pod.call("POST", "/auth/logout", Some(&ana.token), Value::Null).await;
    let mut socket = pod.engine().await;
    socket.send(&format!("40{}", json!({"token": ana.token}))).await;
    assert!(socket.text().await.unwrap().contains(r#""code":"session_revoked""#));
}

#[tokio::test]
async fn a_revoked_session_hears_of_it_and_is_closed() {
    let pod = Served::alone().await;
    let ana = pod.person("ana").await;
    let mut socket = pod.socket(&ana.token).await;
    let path = format!("/sessions/{}", ana.session);
    assert_eq!(pod.call("DELETE", &path, Some(&ana.token), Value::Null).await.0, 204);
    assert_eq!(socket.event("session").await, json!({"reason": "revoked"}));
    socket.ended().await;
}

#[tokio::test]
async fn calls_that_are_wrong_are_answered_by_their_field() {
    let pod = Served::alone().await;
    let (ana, _, id) = pod.pair().await;
    let mut socket = pod.socket(&ana.token).await;
    for (name, payload, code, field) in [
        ("message:send", json!({}), "invalid", "conversation_id"),
        ("message:send", json!(null), "invalid", ""),
        ("message:send", json!([1]), "invalid", ""),
        ("message:send", json!({"conversation_id": "7"}), "invalid", "conversation_id"),
        ("message:send", json!({"conversation_id": id, "id": 7}), "invalid", "id"),
        ("message:send", json!({"conversation_id": id}), "invalid", "envelope"),
        ("message:send", json!({"conversation_id": id, "envelope": plain(" ")}), "invalid", "envelope.content.text"),
        ("message:send", json!({"conversation_id": Uuid::now_v7(), "envelope": plain("x")}), "not_found", ""),
        ("receipt", json!({"conversation_id": id, "read_seq": 9}), "seq_out_of_range", "read_seq"),
        ("typing", json!({"conversation_id": id}), "invalid", "active"),
        ("presence:watch", json!({"user_ids": "all"}), "invalid", "user_ids"),
        ("presence:watch", json!({"user_ids": ["x"]}), "invalid", "user_ids[0]"),
        ("auth:renew", json!({"token": "x"}), "unauthorized", ""),
        ("no:such:call", json!({}), "invalid", "event"),
    ] {
        let answer = socket.call(name, payload.clone()).await;
        let error = &answer["error"];
        assert_eq!(answer["ok"], false, "{name} {payload}");
        let told = (error["code"].as_str().unwrap(), error["field"].as_str().unwrap_or(""));
        assert_eq!(told, (code, field), "{name} {payload}");
        assert!(!error["request_id"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn frames_that_are_no_calls_end_the_connection_and_nothing_else() {
    let pod = Served::alone().await;
    let ana = pod.person("ana").await;
    let mut other = pod.socket(&ana.token).await;
    for frame in ["4", "49", "42", "42[]", "42{}", r#"451-["x",{"_placeholder":true,"num":0}]"#, "x", "47"] {
        let mut socket = pod.socket(&ana.token).await;
        socket.send(frame).await;
        socket.ended().await;
    }
    let mut binary = pod.socket(&ana.token).await;
    binary.send_binary(b"\x00\x01").await;
    binary.ended().await;
    let mut huge = pod.socket(&ana.token).await;
    huge.send(&format!(r#"42["typing","{}"]"#, "x".repeat(200_000))).await;
    huge.ended().await;
    let mut early = pod.engine().await;
    early.send(r#"42["typing",{}]"#).await;
    early.ended().await;
    let answer = other.call("presence:watch", json!({"user_ids": []})).await;
    assert_eq!(answer, json!({"ok": true, "states": []}), "the others go on");
}

#[tokio::test]
async fn a_token_of_the_same_session_renews_and_another_does_not() {
    let pod = Served::alone().await;
    let (ana, bo) = (pod.person("ana").await, pod.person("bo").await);
    let mut socket = pod.socket(&ana.token).await;
    let renewed = socket.call("auth:renew", json!({"token": ana.token})).await;
    assert!(renewed["ok"] == true && renewed["expires_at"].is_string(), "{renewed}");
    let foreign = socket.call("auth:renew", json!({"token": bo.token})).await;
    assert_eq!(foreign["error"]["field"], "token");
}

#[tokio::test]
async fn a_reader_that_never_reads_is_cut_off_and_the_others_go_on() {
    let pod = Served::alone().await;
    let (ana, bo, id) = pod.pair().await;
    let mut hers = pod.socket(&ana.token).await;
    let his = pod.socket(&bo.token).await;
    let words = "x".repeat(60_000);
    // Far more than his buffer and the kernel's hold, until the pod gives him up.
    for number in 0.. {
        let send = json!({"conversation_id": id, "envelope": plain(&words)});
        assert_eq!(hers.call("message:send", send).await["ok"], true);
        hers.event("message").await;
        if pod.pod.registry.len() == 1 {
            break;
        }
        assert!(number < 3_000, "he was never cut off");
    }
    drop(his);
    let path = format!("/conversations/{id}");
    let head = pod.call("GET", &path, Some(&bo.token), Value::Null).await.1["head_seq"].as_u64().unwrap();
    let body = json!({"heads": {id: head - 1}});
    let (_, synced) = pod.call("POST", "/sync", Some(&bo.token), body).await;
    assert_eq!(synced["conversations"][0]["messages"][0]["seq"], head, "and he syncs when he is back");
}

#[tokio::test]
async fn many_calls_at_once_keep_their_order() {
    let pod = Served::alone().await;
    let (ana, bo, id) = pod.pair().await;
    let (mut hers, mut his) = (pod.socket(&ana.token).await, pod.socket(&bo.token).await);
    for number in 0..100 {
        let send = json!(["message:send", {"conversation_id": id, "envelope": plain(&number.to_string())}]);
        hers.send(&format!("42{send}")).await;
    }
    for number in 0..100 {
        let event = his.event("message").await;
        assert_eq!(event["envelope"]["content"]["text"], number.to_string());
        assert_eq!(event["seq"], number + 1);
    }
}

#[tokio::test]
async fn a_full_pod_says_so_and_a_foreign_page_is_refused() {
    let pod = Served::with_room_for(1, Arc::new(World::running())).await;
    let ana = pod.person("ana").await;
    let polling = "/socket.io/?EIO=4&transport=polling";
    let first = pod.socket(&ana.token).await;
    let (status, problem) = pod.raw("GET", polling, Raw::default()).await;
    assert_eq!((status, &problem["code"], &problem["retry_after"]), (503, &json!("unavailable"), &json!(5)));
    drop(first);
    while !pod.pod.registry.is_empty() {
        tokio::task::yield_now().await;
    }
    pod.socket(&ana.token).await;

    let mut request =
        format!("ws://{}/socket.io/?EIO=4&transport=websocket", pod.address).into_client_request().unwrap();
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    let refused = tokio_tungstenite::connect_async(request).await.unwrap_err();
    assert!(matches!(refused, tungstenite::Error::Http(answer) if answer.status() == 403));
}

#[tokio::test]
async fn a_device_that_signs_in_again_closes_its_older_socket() {
    let pod = Served::alone().await;
    let name = world::unique("ana");
    let body = |device: Value| json!({"username": name, "password": "correct horse", "device": device});
    let device = json!({"name": "phone", "platform": "test"});
    let (_, first) = pod.call("POST", "/auth/register", None, body(device)).await;
    let mut socket = pod.socket(first["access_token"].as_str().unwrap()).await;
    let again = json!({"name": "phone", "platform": "test", "id": first["device"]["id"]});
    assert_eq!(pod.call("POST", "/auth/login", None, body(again)).await.0, 200);
    assert_eq!(socket.event("session").await["reason"], "revoked");
    socket.ended().await;
}

#[tokio::test]
async fn a_block_ends_the_watching() {
    let pod = Served::alone().await;
    let (ana, bo, _) = pod.pair().await;
    let cy = pod.person("cy").await;
    let body = json!({"kind": "direct", "user_id": bo.id});
    assert_eq!(pod.call("POST", "/conversations", Some(&cy.token), body).await.0, 201);
    let (mut hers, mut witness) = (pod.socket(&ana.token).await, pod.socket(&cy.token).await);
    let his = pod.socket(&bo.token).await;
    for socket in [&mut hers, &mut witness] {
        let states = socket.call("presence:watch", json!({"user_ids": [bo.id]})).await;
        assert_eq!(states["states"][0]["online"], true);
    }
    let path = format!("/users/{}/block", ana.id);
    assert_eq!(pod.call("POST", &path, Some(&bo.token), Value::Null).await.0, 204);
    assert_eq!(hers.event("presence").await, json!({"user_id": bo.id, "online": false, "last_seen": null}));
    drop(his);
    // What the witness has heard, she would have been given by now.
    assert_eq!(witness.event("presence").await["online"], false);
    hers.call("presence:watch", json!({"user_ids": []})).await;
    assert!(!hers.has_heard("presence"));
}
