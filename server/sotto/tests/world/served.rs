//! A pod with its doors open on a loopback port, and raw clients for it.
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses its part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sotto::{
    http::{self, Door, Health},
    serve::{info_of, start_pod},
    socket::{self, Allowed, Pod},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{World, settings};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A pod that serves.
pub struct Served {
    pub world: Arc<World>,
    pub pod: Pod,
    pub address: SocketAddr,
    client: reqwest::Client,
}

impl Served {
    /// Opens the doors of a world.
    pub async fn open(world: Arc<World>) -> Self {
        Self::with_room_for(1_000, world).await
    }

    /// Opens the doors to so many sockets.
    pub async fn with_room_for(sockets: usize, world: Arc<World>) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let pod = start_pod(world.app.clone(), &tasks, &stop).await.unwrap();
        let door = Door {
            app: world.app.clone(),
            info: Arc::new(info_of(&settings(world.dir.path()))),
            health: Health::new(world.engines.clone()),
            proxies: 0,
        };
        let allowed = Allowed { origins: Vec::new(), sockets };
        let router = http::router(door, None, |router| socket::mount(router, &pod, allowed));
        let listening = http::listen("SOTTO_LISTEN", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listening.address;
        tasks.spawn(listening.serve(router, stop));
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self { world, pod, address, client }
    }

    /// A pod over a world of its own.
    pub async fn alone() -> Self {
        Self::open(Arc::new(World::running())).await
    }

    /// Calls the API; `body` is sent as it is.
    pub async fn raw(&self, method: &str, path: &str, with: Raw<'_>) -> (u16, Value) {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.client.request(method.parse().unwrap(), url);
        if let Some(token) = with.token {
            request = request.bearer_auth(token);
        }
        if let Some(content_type) = with.content_type {
            request = request.header("content-type", content_type);
        }
        let response = request.body(with.body.to_owned()).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Calls the API with JSON.
    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let with = Raw { token, content_type: Some("application/json"), body: &body };
        self.raw(method, &format!("/api/v1{path}"), with).await
    }

    /// A new person: their id and access token.
    pub async fn person(&self, name: &str) -> Person {
        let body = json!({
            "username": super::unique(name), "password": "correct horse", "device": {"name": "test", "platform": "test"},
        });
        let (status, signed_in) = self.call("POST", "/auth/register", None, body).await;
        assert_eq!(status, 201, "{signed_in}");
        let word = |field: &str| signed_in[field].as_str().unwrap().to_owned();
        Person {
            id: signed_in["user"]["id"].as_str().unwrap().to_owned(),
            token: word("access_token"),
            session: word("session_id"),
        }
    }

    /// Two people and their conversation's id.
    pub async fn pair(&self) -> (Person, Person, String) {
        let (ana, bo) = (self.person("ana").await, self.person("bo").await);
        let body = json!({"kind": "direct", "user_id": bo.id});
        let (status, conversation) = self.call("POST", "/conversations", Some(&ana.token), body).await;
        assert_eq!(status, 201, "{conversation}");
        (ana, bo, conversation["id"].as_str().unwrap().to_owned())
    }

    /// A socket that is connected to the engine and not signed in.
    pub async fn engine(&self) -> Client {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", self.address);
        let (stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut client = Client { stream, last_ack: 0, heard: Vec::new() };
        let open = client.text().await.unwrap();
        assert!(open.starts_with('0'), "{open}");
        client
    }

    /// A signed-in socket, past its `ready`.
    pub async fn socket(&self, token: &str) -> Client {
        let mut client = self.engine().await;
        client.send(&format!("40{}", json!({"token": token}))).await;
        client.event("ready").await;
        client
    }
}

/// A raw request's parts.
#[derive(Default)]
pub struct Raw<'a> {
    pub token: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub body: &'a str,
}

pub struct Person {
    pub id: String,
    pub token: String,
    pub session: String,
}

/// A raw Socket.IO client: frames as they are.
pub struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_ack: u64,
    /// Events that came while waiting for something else.
    heard: Vec<(String, Value)>,
}

impl Client {
    pub async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.stream.send(Message::binary(bytes.to_vec())).await.unwrap();
    }

    /// The next text frame, pings answered; `None` once the connection has ended.
    pub async fn text(&mut self) -> Option<String> {
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => self.send("3").await,
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Reads until the connection has ended.
    pub async fn ended(&mut self) {
        while self.text().await.is_some() {}
    }

    /// Whether such an event came while waiting for something else.
    pub fn has_heard(&self, name: &str) -> bool {
        self.heard.iter().any(|(heard, _)| heard == name)
    }

    /// The next event of that name.
    pub async fn event(&mut self, name: &str) -> Value {
        if let Some(place) = self.heard.iter().position(|(heard, _)| heard == name) {
            return self.heard.remove(place).1;
        }
        loop {
            let text = self.text().await.unwrap_or_else(|| panic!("the socket closed before {name}"));
            let Some(event) = text.strip_prefix("42").map(|json| serde_json::from_str::<Value>(json).unwrap()) else {
                continue;
            };
            let heard = event[0].as_str().unwrap().to_owned();
            if heard == name {
                return event[1].clone();
            }
            self.heard.push((heard, event[1].clone()));
        }
    }

    /// Calls something and gives its acknowledgement.
    pub async fn call(&mut self, name: &str, payload: Value) -> Value {
        self.last_ack += 1;
        let prefix = format!("43{}", self.last_ack);
        self.send(&format!("42{}{}", self.last_ack, json!([name, payload]))).await;
        loop {
            let text = self.text().await.unwrap_or_else(|| panic!("the socket closed before {name} was answered"));
            if let Some(answer) = text.strip_prefix(&prefix) {
                return serde_json::from_str::<Value>(answer).unwrap()[0].clone();
            }
            if let Some(event) = text.strip_prefix("42") {
                let event: Value = serde_json::from_str(event).unwrap();
                self.heard.push((event[0].as_str().unwrap().to_owned(), event[1].clone()));
            }
        }
    }
}

/// Plain words.
pub fn plain(text: &str) -> Value {
    json!({"kind": "plain", "content": {"type": "text", "text": text}})
}
