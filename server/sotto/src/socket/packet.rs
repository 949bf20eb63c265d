//! Socket.IO packets of the one namespace. Reading is socketioxide's parser; writing is a line each.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use engineioxide::Str;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared_types::{Problem, ServerEvent};
use socketioxide_core::{
    Value,
    packet::PacketData,
    parser::{Parse as _, ParseConfig, ParserState},
};
use socketioxide_parser_common::CommonParser;

/// A packet for clients, written once for however many.
#[derive(Clone)]
pub(super) struct Packet(Arc<Written>);

struct Written {
    text: Str,
    frame: OnceLock<Bytes>,
}

impl Packet {
    fn new(text: impl Into<Str>) -> Self {
        Self(Arc::new(Written { text: text.into(), frame: OnceLock::new() }))
    }

    /// As the engine takes it.
    pub(super) fn text(&self) -> Str {
        self.0.text.clone()
    }

    /// As a whole WebSocket frame with the engine's message in it.
    pub(super) fn frame(&self) -> Bytes {
        self.0.frame.get_or_init(|| frame(b'4', self.0.text.as_bytes())).clone()
    }
}

/// A text frame from a server (RFC 6455, section 5.2: whole, unmasked), with an engine's packet of that type in it.
pub(super) fn frame(kind: u8, text: &[u8]) -> Bytes {
    const WHOLE_TEXT: u8 = 0x81;
    let length = text.len() + 1;
    let mut frame = Vec::with_capacity(length + 10);
    frame.push(WHOLE_TEXT);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => frame.push(short),
        (_, Ok(medium)) => {
            frame.push(126);
            frame.extend(medium.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.push(kind);
    frame.extend(text);
    frame.into()
}

/// A packet from a client.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Wants in, with what it calls `auth`.
    Connect(Option<String>),
    /// Wants into a namespace that isn't there.
    ConnectElsewhere(String),
    /// Calls something.
    Event(Event),
    /// Leaves.
    Disconnect,
    /// Acknowledges something; we ask for nothing.
    Ack,
}

/// A call.
#[derive(Debug)]
pub(super) struct Event {
    /// Its name.
    pub name: String,
    /// Its first argument.
    pub payload: Option<Box<RawValue>>,
    /// Names the answer.
    pub ack: Option<i64>,
}

/// Reads a packet; `None` if it is none, or carries binary attachments, which nothing here takes.
pub(super) fn read(text: Str) -> Option<Incoming> {
    let packet = CommonParser.decode_str(&ParseConfig::default(), &ParserState::default(), text).ok()?;
    let elsewhere = &*packet.ns != "/";
    match packet.inner {
        PacketData::Connect(_) if elsewhere => Some(Incoming::ConnectElsewhere(packet.ns.to_string())),
        PacketData::Connect(auth) => Some(Incoming::Connect(auth.and_then(as_text))),
        _ if elsewhere => None,
        PacketData::Event(value, ack) => {
            let text = as_text(value)?;
            let mut arguments: Vec<Box<RawValue>> = serde_json::from_str(&text).ok()?;
            if arguments.is_empty() {
                return None;
            }
            let name = serde_json::from_str(arguments.remove(0).get()).ok()?;
            let payload = (!arguments.is_empty()).then(|| arguments.remove(0));
            Some(Incoming::Event(Event { name, payload, ack }))
        }
        PacketData::Disconnect => Some(Incoming::Disconnect),
        PacketData::EventAck(..) => Some(Incoming::Ack),
        PacketData::ConnectError(_) | PacketData::BinaryEvent(..) | PacketData::BinaryAck(..) => None,
    }
}

fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Str(text, None) => Some(text.to_string()),
        Value::Str(..) | Value::Bytes(_) => None,
    }
}

/// The token in a connection's `auth`.
pub(super) fn token(auth: Option<&str>) -> Option<String> {
    #[derive(Deserialize)]
    struct Auth {
        token: String,
    }
    serde_json::from_str::<Auth>(auth?).ok().map(|auth| auth.token)
}

/// You are in.
pub(super) fn connected(sid: &str) -> Packet {
    Packet::new(format!(r#"0{{"sid":"{sid}"}}"#))
}

/// You are not, with the reason where clients look for it: `error.data.code`.
pub(super) fn refused(problem: &Problem) -> Packet {
    #[derive(Serialize)]
    struct Refused<'a> {
        message: &'a str,
        data: &'a Problem,
    }
    let body = Refused { message: &problem.detail, data: problem };
    Packet::new(format!("4{}", serde_json::to_string(&body).unwrap_or_else(|_| r#"{"message":"refused"}"#.into())))
}

/// That namespace isn't there.
pub(super) fn no_such_namespace(name: &str) -> Packet {
    Packet::new(format!(r#"4{name},{{"message":"Invalid namespace"}}"#))
}

/// An event, encoded once for however many sockets.
pub(super) fn event(event: &ServerEvent) -> serde_json::Result<Packet> {
    Ok(Packet::new(format!(r#"2["{}",{}]"#, event.name(), event.data()?.get())))
}

/// The answer to a call.
pub(super) fn ack(id: i64, answer: &RawValue) -> Packet {
    Packet::new(format!("3{id}[{}]", answer.get()))
}

/// The server ends the connection.
pub(super) fn disconnect() -> Packet {
    Packet::new("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_its_name_payload_and_ack() {
        let Some(Incoming::Event(event)) = read(r#"217["typing",{"active":true}]"#.into()) else { panic!() };
        assert_eq!((event.name.as_str(), event.ack), ("typing", Some(17)));
        assert_eq!(event.payload.unwrap().get(), r#"{"active":true}"#);
    }

    #[test]
    fn what_is_no_packet_is_nothing() {
        for text in
            ["", "9", "2", "2[]", "2[7]", r#"2{"a":1}"#, r#"51-["x",{"_placeholder":true,"num":0}]"#, "2/x,[\"a\"]"]
        {
            assert!(read(text.into()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_connection_carries_its_token() {
        let Some(Incoming::Connect(auth)) = read(r#"0{"token":"abc"}"#.into()) else { panic!() };
        assert_eq!(token(auth.as_deref()).as_deref(), Some("abc"));
        let Some(Incoming::Connect(auth)) = read("0".into()) else { panic!() };
        assert_eq!(token(auth.as_deref()), None);
    }

    #[test]
    fn another_namespace_is_refused_by_its_name() {
        let Some(Incoming::ConnectElsewhere(name)) = read("0/admin,".into()) else { panic!() };
        assert_eq!(&*no_such_namespace(&name).text(), r#"4/admin,{"message":"Invalid namespace"}"#);
    }

    #[test]
    fn a_frame_is_what_a_websocket_client_reads() {
        use tungstenite::{
            Message,
            protocol::{Role, WebSocket},
        };
        for length in [0, 1, 124, 125, 65_533, 65_534, 65_535, 70_000] {
            let text = "x".repeat(length);
            let bytes = Packet::new(text.clone()).frame();
            let mut client = WebSocket::from_raw_socket(std::io::Cursor::new(bytes.to_vec()), Role::Client, None);
            assert_eq!(client.read().unwrap(), Message::text(format!("4{text}")), "{length}");
        }
    }
}
