//! A raw Socket.IO 5 client over one WebSocket: no library between what the server sends and what is written down.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How long the server may take for a handshake or an acknowledgement.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A pushed event: its name and its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its wire name.
    pub name: String,
    /// What it carries.
    pub data: Value,
}

/// A connected socket. Whoever holds it pumps it: nothing is read, and no ping answered, unless asked.
#[derive(Debug)]
pub struct Socket {
    ws: WebSocketStream<TcpStream>,
    waiting: VecDeque<Event>,
    acks: VecDeque<(u64, Value)>,
    next_ack: u64,
}

impl Socket {
    /// Connects and signs in. `Err` carries the server's `connect_error` where it gave one.
    pub async fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        timeout(ANSWER_LIMIT, Self::handshake(address, token)).await.context("the handshake took too long")?
    }

    async fn handshake(address: SocketAddr, token: &str) -> Result<Self> {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        // Small buffers, for thousands of these share one process.
        let config = WebSocketConfig::default().read_buffer_size(2048).write_buffer_size(0);
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (mut ws, _) = client_async_with_config(url, tcp, Some(config)).await?;
        let auth = json!({ "token": token });
        ws.send(Message::text(format!("40{auth}"))).await?;
        while let Some(frame) = ws.next().await {
            let Message::Text(text) = frame? else { continue };
            match text.as_str() {
                // The first ping may come before the answer.
                "2" => ws.send(Message::text("3")).await?,
                answer if answer.starts_with("40") => {
                    return Ok(Self { ws, waiting: VecDeque::new(), acks: VecDeque::new(), next_ack: 0 });
                }
                refusal if refusal.starts_with("44") => bail!("connect_error {}", refusal.get(2..).unwrap_or_default()),
                _ => {}
            }
        }
        bail!("the server closed the socket in the handshake")
    }

    /// The next pushed event. Nothing is lost where this is given up and called again.
    pub async fn event(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(event);
            }
            self.pump().await?;
        }
    }

    /// Emits an event and waits for its acknowledgement; what is pushed meanwhile waits for [`Self::event`].
    pub async fn call(&mut self, name: &str, payload: &Value) -> Result<Value> {
        let id = self.emit(name, payload).await?;
        timeout(ANSWER_LIMIT, self.ack(id)).await.context("no acknowledgement came")?
    }

    /// Emits an event without waiting; the number is for [`Self::ack`].
    pub async fn emit(&mut self, name: &str, payload: &Value) -> Result<u64> {
        self.next_ack += 1;
        let id = self.next_ack;
        self.ws.send(Message::text(format!("42{id}{}", json!([name, payload])))).await?;
        Ok(id)
    }

    /// The acknowledgement of an emitted event.
    pub async fn ack(&mut self, id: u64) -> Result<Value> {
        loop {
            if let Some(at) = self.acks.iter().position(|(found, _)| *found == id) {
                return self.acks.remove(at).map(|(_, value)| value).context("an acknowledgement vanished");
            }
            self.pump().await?;
        }
    }

    /// Sends a text frame as it is.
    pub async fn raw(&mut self, text: &str) -> Result<()> {
        Ok(self.ws.send(Message::text(text.to_owned())).await?)
    }

    /// The next text frame as it came, pings answered. For load, where reading each would cost more than serving it.
    pub async fn frame(&mut self) -> Result<Utf8Bytes> {
        loop {
            let frame = self.ws.next().await.ok_or_else(|| anyhow!("the server closed the socket"))??;
            match frame {
                Message::Text(text) if text.as_str() == "2" => self.ws.send(Message::text("3")).await?,
                Message::Text(text) => return Ok(text),
                _ => {}
            }
        }
    }

    /// Reads one frame and puts it where it belongs.
    async fn pump(&mut self) -> Result<()> {
        let text = self.frame().await?;
        if let Some(event) = text.strip_prefix("42") {
            self.waiting.push_back(read_event(event)?);
        } else if let Some(ack) = text.strip_prefix("43") {
            self.acks.push_back(read_ack(ack)?);
        } else if text.starts_with("41") || text.as_str() == "1" {
            bail!("the server ended the session of this socket");
        }
        Ok(())
    }
}

fn read_event(text: &str) -> Result<Event> {
    let (name, data): (String, Value) =
        serde_json::from_str(text).with_context(|| format!("an event of another shape: {text}"))?;
    Ok(Event { name, data })
}

fn read_ack(text: &str) -> Result<(u64, Value)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).context("an acknowledgement without a body")?;
    let (id, body) = text.split_at(digits);
    let [value]: [Value; 1] =
        serde_json::from_str(body).with_context(|| format!("an acknowledgement of another shape: {text}"))?;
    Ok((id.parse()?, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{read_ack, read_event};

    #[test]
    fn frames_are_read() {
        assert_eq!(read_event(r#"["ready",{"a":1}]"#).unwrap().data, json!({"a": 1}));
        assert_eq!(read_ack(r#"17[{"ok":true}]"#).unwrap(), (17, json!({"ok": true})));
        assert!(read_ack("17").is_err());
        assert!(read_event("[]").is_err());
    }
}
