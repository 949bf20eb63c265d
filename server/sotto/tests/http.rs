//! The HTTP door: statuses, problems that name the field, headers.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod world;

use serde_json::{Value, json};
use uuid::Uuid;
use world::served::{Raw, Served, plain};

fn problem((status, body): &(u16, Value)) -> (u16, &str, &str) {
    assert_eq!(body["status"], *status, "{body}");
    assert!(body["type"].is_string() && body["title"].is_string() && body["request_id"].is_string(), "{body}");
    (*status, body["code"].as_str().unwrap(), body["field"].as_str().unwrap_or(""))
}

#[tokio::test]
async fn bodies_that_are_wrong_are_refused_by_their_field() {
    let pod = Served::alone().await;
    let device = json!({"name": "x", "platform": "y"});
    let long = "x".repeat(65);
    for (body, field) in [
        (json!({}), "username"),
        (json!({"username": 1}), "username"),
        (json!({"username": "a", "password": "correct horse", "device": device}), "username"),
        (json!({"username": "has space", "password": "correct horse", "device": device}), "username"),
        (json!({"username": "ana", "password": "short", "device": device}), "password"),
        (json!({"username": "ana", "password": "correct horse"}), "device"),
        (json!({"username": "ana", "password": "correct horse", "device": {"name": "x"}}), "device.platform"),
        (
            json!({"username": "ana", "password": "correct horse", "device": {"name": "\u{7}", "platform": "y"}}),
            "device.name",
        ),
        (
            json!({"username": "ana", "password": "correct horse", "display_name": long, "device": device}),
            "display_name",
        ),
        (
            json!({"username": "ana", "password": "correct horse", "display_name": "a\u{202e}b", "device": device}),
            "display_name",
        ),
    ] {
        let answer = pod.call("POST", "/auth/register", None, body.clone()).await;
        assert_eq!(problem(&answer), (422, "invalid", field), "{body}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_objects_are_told_so() {
    let pod = Served::alone().await;
    let big = format!(r#"{{"username": "{}"}}"#, "x".repeat(300_000));
    for (content_type, body, expected) in [
        (Some("application/json"), "{", (400, "malformed_json", "")),
        (Some("application/json"), "", (400, "malformed_json", "")),
        (Some("application/json"), "[]", (422, "invalid", "")),
        (Some("application/json"), "\"x\"", (422, "invalid", "")),
        (Some("application/json; charset=utf-8"), "{}", (422, "invalid", "username")),
        (Some("text/plain"), "{}", (415, "unsupported_media_type", "")),
        (None, "{}", (415, "unsupported_media_type", "")),
        (Some("application/json"), big.as_str(), (413, "too_large", "")),
    ] {
        let answer = pod.raw("POST", "/api/v1/auth/login", Raw { token: None, content_type, body }).await;
        assert_eq!(problem(&answer), expected, "{content_type:?} {}", &body[..body.len().min(40)]);
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let pod = Served::alone().await;
    for path in ["/me", "/sessions", "/conversations", "/users?query=a"] {
        for token in [None, Some("nonsense"), Some("")] {
            assert_eq!(problem(&pod.call("GET", path, token, Value::Null).await), (401, "unauthorized", ""), "{path}");
        }
    }
    let ana = pod.person("ana").await;
    assert_eq!(pod.call("POST", "/auth/logout", Some(&ana.token), Value::Null).await.0, 204);
    assert_eq!(problem(&pod.call("GET", "/me", Some(&ana.token), Value::Null).await), (401, "session_revoked", ""));
}

#[tokio::test]
async fn paths_methods_and_ids_that_are_wrong_are_named() {
    let pod = Served::alone().await;
    let ana = pod.person("ana").await;
    let token = Some(ana.token.as_str());
    assert_eq!(problem(&pod.call("GET", "/nothing", token, Value::Null).await), (404, "not_found", ""));
    assert_eq!(problem(&pod.call("PUT", "/me", token, Value::Null).await), (405, "method_not_allowed", ""));
    assert_eq!(problem(&pod.call("GET", "/users/nobody", token, Value::Null).await), (422, "invalid", "id"));
    let unknown = format!("/users/{}", Uuid::now_v7());
    assert_eq!(problem(&pod.call("GET", &unknown, token, Value::Null).await), (404, "not_found", ""));
    let page = format!("/conversations/{}/messages?limit=x", Uuid::now_v7());
    assert_eq!(problem(&pod.call("GET", &page, token, Value::Null).await), (422, "invalid", "limit"));
    let status = format!("/conversations/{}/messages/7/status", Uuid::now_v7());
    assert_eq!(problem(&pod.call("GET", &status, token, Value::Null).await), (422, "invalid", "message_id"));
    let group = json!({"kind": "group", "user_ids": []});
    assert_eq!(problem(&pod.call("POST", "/conversations", token, group).await), (422, "invalid", "title"));
}

#[tokio::test]
async fn a_message_goes_from_accepted_to_read() {
    let pod = Served::alone().await;
    let (ana, bo, id) = pod.pair().await;
    let message = Uuid::now_v7();
    let path = format!("/conversations/{id}/messages");
    let body = json!({"id": message, "envelope": plain("hello")});
    for _ in 0..2 {
        let answer = pod.call("POST", &path, Some(&ana.token), body.clone()).await;
        assert_eq!(answer, (202, json!({"id": message, "status": "accepted"})));
    }
    let other = json!({"id": message, "envelope": plain("bye")});
    assert_eq!(problem(&pod.call("POST", &path, Some(&ana.token), other).await), (409, "id_conflict", "id"));

    let status = async || {
        let path = format!("{path}/{message}/status");
        pod.call("GET", &path, Some(&ana.token), Value::Null).await.1["status"].as_str().unwrap().to_owned()
    };
    while status().await == "accepted" {
        tokio::task::yield_now().await;
    }
    let receipts = format!("/conversations/{id}/receipts");
    let receipt = async |body: Value| pod.call("POST", &receipts, Some(&bo.token), body).await;
    assert_eq!(receipt(json!({"delivered_seq": 1})).await.0, 204);
    assert_eq!(status().await, "delivered");
    assert_eq!(receipt(json!({"read_seq": 1})).await.0, 204);
    assert_eq!(status().await, "read");
    assert_eq!(problem(&receipt(json!({"read_seq": 2})).await), (422, "seq_out_of_range", "read_seq"));
    assert_eq!(problem(&receipt(json!({"read_seq": -1})).await), (422, "invalid", "read_seq"));
    assert_eq!(problem(&receipt(json!({})).await), (422, "invalid", "delivered_seq"));

    let taken_back = pod.call("DELETE", &format!("{path}/{message}"), Some(&ana.token), Value::Null).await;
    assert_eq!(taken_back.0, 202);
    loop {
        let (_, page) = pod.call("GET", &path, Some(&bo.token), Value::Null).await;
        if page["messages"].as_array().unwrap().len() == 2 {
            assert!(page["messages"][0].get("envelope").is_none(), "{page}");
            assert_eq!(page["messages"][1]["kind"], "retract");
            return;
        }
    }
}

#[tokio::test]
async fn envelopes_that_are_wrong_are_refused_by_their_field() {
    let pod = Served::alone().await;
    let (ana, _, id) = pod.pair().await;
    let path = format!("/conversations/{id}/messages");
    let sealed = |ciphertext: &str| json!({"kind": "sealed", "scheme": "x", "ciphertext": ciphertext});
    for (body, expected) in [
        (json!({}), (422, "invalid", "envelope")),
        (json!({"envelope": plain("")}), (422, "invalid", "envelope.content.text")),
        (json!({"envelope": plain(&"x".repeat(65_536))}), (413, "too_large", "envelope")),
        (json!({"envelope": {"kind": "loud"}}), (422, "invalid", "envelope.kind")),
        (json!({"envelope": sealed("not base64!")}), (422, "invalid", "envelope.ciphertext")),
        (json!({"id": "7", "envelope": plain("x")}), (422, "invalid", "id")),
        (json!({"kind": "edit", "envelope": plain("x")}), (422, "invalid", "target")),
        (json!({"kind": "edit", "target": Uuid::now_v7(), "envelope": plain("x")}), (404, "not_found", "target")),
        (json!({"reply_to": Uuid::now_v7(), "envelope": plain("x")}), (404, "not_found", "reply_to")),
        (json!({"expires_in": 0, "envelope": plain("x")}), (422, "invalid", "expires_in")),
    ] {
        let answer = pod.call("POST", &path, Some(&ana.token), body.clone()).await;
        assert_eq!(problem(&answer), expected, "{body}");
    }
    assert_eq!(pod.call("POST", &path, Some(&ana.token), json!({"envelope": sealed("aGk=")})).await.0, 202);
}

#[tokio::test]
async fn the_api_describes_itself_with_every_call_of_the_contract() {
    let pod = Served::alone().await;
    let (status, openapi) = pod.raw("GET", "/api/openapi.json", Raw::default()).await;
    assert_eq!(status, 200);
    for (method, path) in [
        ("post", "/auth/register"),
        ("post", "/auth/login"),
        ("post", "/auth/refresh"),
        ("post", "/auth/logout"),
        ("get", "/sessions"),
        ("delete", "/sessions/{id}"),
        ("get", "/me"),
        ("patch", "/me"),
        ("get", "/users"),
        ("get", "/users/{id}"),
        ("post", "/users/{id}/block"),
        ("delete", "/users/{id}/block"),
        ("post", "/conversations"),
        ("get", "/conversations"),
        ("get", "/conversations/{id}"),
        ("patch", "/conversations/{id}"),
        ("delete", "/conversations/{id}"),
        ("post", "/conversations/{id}/messages"),
        ("get", "/conversations/{id}/messages"),
        ("get", "/conversations/{id}/messages/{message_id}/status"),
        ("delete", "/conversations/{id}/messages/{message_id}"),
        ("post", "/conversations/{id}/receipts"),
        ("post", "/sync"),
    ] {
        assert!(openapi["paths"][format!("/api/v1{path}")][method].is_object(), "{method} {path}");
    }
    assert_eq!(pod.raw("GET", "/api/docs/", Raw::default()).await.0, 200);
    assert_eq!(pod.raw("GET", "/healthz", Raw::default()).await.0, 200);
    let (status, ready) = pod.raw("GET", "/readyz", Raw::default()).await;
    assert_eq!((status, &ready["ready"], &ready["ports"]["store"]), (200, &json!(true), &json!("ok")));
}

#[tokio::test]
async fn a_time_that_could_not_be_written_again_is_refused() {
    let pod = Served::alone().await;
    let (ana, _, id) = pod.pair().await;
    let path = format!("/conversations/{id}");
    for until in ["0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-01:00", "soon"] {
        let answer = pod.call("PATCH", &path, Some(&ana.token), json!({"muted_until": until})).await;
        assert_eq!(problem(&answer), (422, "invalid", "muted_until"), "{until}");
    }
    assert_eq!(pod.call("GET", "/conversations", Some(&ana.token), Value::Null).await.0, 200);
}

#[tokio::test]
async fn an_invented_method_is_answered_and_counted_with_the_others() {
    let pod = Served::alone().await;
    assert_eq!(pod.raw("ZZTOP", "/api/v1/me", Raw::default()).await.0, 405);
}
