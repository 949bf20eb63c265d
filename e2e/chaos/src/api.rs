//! The HTTP calls that the raw clients make.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;

/// A signed-in device.
#[derive(Debug, Clone)]
pub struct Account {
    /// The person.
    pub user: Uuid,
    /// Their name.
    pub username: String,
    /// The device, whoever is signed in on it.
    pub device: Uuid,
    /// What the device shows to be let in.
    pub token: String,
}

/// An answer: its status and its body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; null where there was none.
    pub body: Value,
}

impl Answer {
    /// The stable word of a problem.
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// The body of an answer that had to be good.
    pub fn good(self) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("the server answered {}: {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
}

const PASSWORD: &str = "correct horse battery staple";

impl Api {
    /// Speaks to a server on this machine.
    pub fn new(address: SocketAddr) -> Result<Self> {
        Self::patient(address, Duration::from_secs(30))
    }

    /// The same, waiting no longer than this for an answer.
    pub fn patient(address: SocketAddr, limit: Duration) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(limit).build()?;
        Ok(Self { http, base: format!("http://{address}") })
    }

    /// Makes any call; an error means that no answer came.
    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<Answer> {
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        Ok(Answer { status, body })
    }

    /// A page that is no JSON.
    pub async fn text(&self, path: &str) -> Result<String> {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?.error_for_status()?.text().await?)
    }

    /// Makes an account with one device.
    pub async fn register(&self, username: &str) -> Result<Account> {
        let device = json!({"name": "raw", "platform": "test"});
        let body = json!({"username": username, "password": PASSWORD, "display_name": username, "device": device});
        let answer = self.call("POST", "/api/v1/auth/register", None, Some(&body)).await?.good()?;
        account(username, &answer)
    }

    /// Signs in as one more device.
    pub async fn login(&self, username: &str) -> Result<Account> {
        let device = json!({"name": "raw", "platform": "test"});
        let body = json!({"username": username, "password": PASSWORD, "device": device});
        let answer = self.call("POST", "/api/v1/auth/login", None, Some(&body)).await?.good()?;
        account(username, &answer)
    }

    /// Signs in again as the same device.
    pub async fn login_again(&self, account: &Account) -> Result<Account> {
        let device = json!({"name": "raw", "platform": "test", "id": account.device});
        let body = json!({"username": account.username, "password": PASSWORD, "device": device});
        let answer = self.call("POST", "/api/v1/auth/login", None, Some(&body)).await?.good()?;
        self::account(&account.username, &answer)
    }

    /// Opens the conversation with someone.
    pub async fn converse(&self, token: &str, with: Uuid) -> Result<Uuid> {
        let body = json!({"kind": "direct", "user_id": with});
        let answer = self.call("POST", "/api/v1/conversations", Some(token), Some(&body)).await?.good()?;
        uuid_at(&answer, "/id")
    }

    /// Makes a group; with a statement where its members are signed.
    pub async fn gather(&self, token: &str, (title, with): (&str, &[Uuid]), statement: Option<&Value>) -> Result<Uuid> {
        let mut body = json!({"kind": "group", "title": title, "user_ids": with});
        if let (Some(statement), Some(fields)) = (statement, body.as_object_mut()) {
            fields.insert("id".to_owned(), statement.get("conversation_id").cloned().unwrap_or_default());
            fields.insert("statement".to_owned(), statement.clone());
        }
        let answer = self.call("POST", "/api/v1/conversations", Some(token), Some(&body)).await?.good()?;
        uuid_at(&answer, "/id")
    }

    /// One page of a log, after a position.
    pub async fn page(&self, token: &str, conversation: Uuid, after: u64) -> Result<Value> {
        let path = format!("/api/v1/conversations/{conversation}/messages?after_seq={after}&limit=200");
        self.call("GET", &path, Some(token), None).await?.good()
    }
}

fn account(username: &str, answer: &Value) -> Result<Account> {
    let token = answer.get("access_token").and_then(Value::as_str).context("no access token in the answer")?;
    let (user, device) = (uuid_at(answer, "/user/id")?, uuid_at(answer, "/device/id")?);
    Ok(Account { user, username: username.to_owned(), device, token: token.to_owned() })
}

/// The id at a place in an answer.
pub fn uuid_at(value: &Value, pointer: &str) -> Result<Uuid> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.and_then(|text| text.parse().ok()).with_context(|| format!("no id at {pointer} in {value}"))
}
